import assert from "node:assert/strict";
import { test } from "node:test";

import { beatsOf, medianBeat } from "../../../static/js/ecg/beats.js";
import { INVALID } from "../../../static/js/ecg/signal.js";

const RATE = 500;

const bump = (s, centerS, widthS, height) => height * Math.exp(-((s - centerS) ** 2) / (2 * widthS ** 2));

/** A beat at 0: P, QRS and T in microvolts. */
const normalBeat = (s) => bump(s, -0.16, 0.02, 120) + bump(s, 0, 0.01, 1200) + bump(s, 0.25, 0.04, 300);
const ectopicBeat = (s) => bump(s, 0.02, 0.04, -1500) + bump(s, 0.3, 0.05, 500);

/** Twelve leads with a beat at each of `beatTimes` seconds and noise of ±`noise` microvolts. */
function recording(
  beatTimes,
  { rate = RATE, seconds = 10, noise = 0, wander = 0, shapes = () => normalBeat } = {},
) {
  let seed = 7;
  const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5) * 2;
  const leads = Array.from({ length: 12 }, (_, lead) =>
    Int16Array.from({ length: rate * seconds }, (_, t) => {
      const s = t / rate;
      const beats = beatTimes.reduce(
        (sum, beat, i) => sum + (Math.abs(s - beat) < 0.6 ? shapes(i)(s - beat) : 0),
        0,
      );
      return Math.round(
        (1 - lead / 12) * beats + wander * Math.sin(2 * Math.PI * 0.2 * s) + noise * random(),
      );
    }),
  );
  return {
    samplingRateHz: rate,
    microvoltsPerLsb: 1,
    nSamples: rate * seconds,
    status: new Uint8Array(12).fill(1),
    leads,
  };
}

const every = (s, { from = 0.5, to = 9.6 } = {}) => {
  const times = [];
  for (let time = from; time < to; time += s) times.push(time);
  return times;
};

function assertBeatsAt(signal, beatTimes) {
  const seconds = beatsOf(signal).map((t) => t / signal.samplingRateHz);
  assert.equal(seconds.length, beatTimes.length, `beats at ${seconds}`);
  beatTimes.forEach((s, i) => assert.ok(Math.abs(seconds[i] - s) <= 0.02, `${seconds[i]} for ${s}`));
}

for (const rr of [0.28, 0.4, 0.8, 1.9]) {
  test(`finds exactly the beats at ${rr} s apart`, () => assertBeatsAt(recording(every(rr)), every(rr)));
}

for (const rate of [100, 250, 1000]) {
  test(`finds beats at ${rate} Hz`, () => assertBeatsAt(recording(every(0.8), { rate }), every(0.8)));
}

test("finds beats in noise on a wandering baseline", () => {
  assertBeatsAt(recording(every(0.83), { noise: 120, wander: 1500 }), every(0.83));
});

test("tall T waves are not beats", () => {
  const tall = (s) => normalBeat(s) + bump(s, 0.25, 0.05, 900);
  assertBeatsAt(recording(every(0.9), { shapes: () => tall }), every(0.9));
});

test("one artifact does not hide beats", () => {
  const ecg = recording(every(0.8));
  for (const lead of ecg.leads) lead[2600] += 20000;
  const beats = beatsOf(ecg);
  for (const s of every(0.8))
    assert.ok(
      beats.some((t) => Math.abs(t / RATE - s) < 0.03),
      `no beat at ${s} s`,
    );
});

test("a flat recording has no beats", () => {
  assert.deepEqual(beatsOf(recording([])), []);
});

test("missing leads are ignored", () => {
  const ecg = recording(every(0.8));
  for (let lead = 2; lead < 12; lead += 1) {
    ecg.status[lead] = 0;
    ecg.leads[lead].fill(INVALID);
  }
  assertBeatsAt(ecg, every(0.8));
});

test("the median beat is the beat without noise", () => {
  const { signal, nBeats, beforeS } = medianBeat(recording(every(0.8), { noise: 60 }));
  const [lead] = signal.leads;
  const rest = lead[Math.round((beforeS - 0.07) * RATE)];
  assert.ok(nBeats >= 10);
  assert.ok(Math.abs(Math.max(...lead) - rest - 1200) < 60);
  const twelfth = signal.leads[11];
  assert.ok(Math.abs(Math.max(...twelfth) - Math.min(...twelfth) - 100) < 60);
});

test("a beat of different morphology is excluded from the median", () => {
  const shapes = (i) => (i % 4 === 2 ? ectopicBeat : normalBeat);
  const { signal, nBeats, nFound } = medianBeat(recording(every(0.9), { shapes }));
  assert.ok(nBeats < nFound);
  assert.ok(Math.abs(Math.max(...signal.leads[0]) - 1200) < 40);
});

test("the median of beats half a sample apart keeps their amplitude", () => {
  const { signal } = medianBeat(recording(every(0.801)));
  assert.ok(Math.max(...signal.leads[0]) > 1150);
});

test("a single beat has no median", () => {
  assert.equal(medianBeat(recording([3])), null);
});

test("at a high heart rate the median window excludes neighboring beats", () => {
  const { signal } = medianBeat(recording(every(0.3)));
  assert.ok(signal.nSamples / RATE <= 0.301);
});

test("a missing lead is missing in the median", () => {
  const ecg = recording(every(0.8));
  ecg.status[5] = 0;
  ecg.leads[5].fill(INVALID);
  const { signal } = medianBeat(ecg);
  assert.equal(signal.leads[5].length, signal.nSamples);
  assert.ok(signal.leads[5].every((value) => value === INVALID));
});
