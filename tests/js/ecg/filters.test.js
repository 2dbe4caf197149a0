import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FILTERS, filtered, mainsLineHz } from "../../../static/js/ecg/filters.js";
import { INVALID } from "../../../static/js/ecg/signal.js";

const RATE = 500;

/** Twelve leads of `seconds`. A sample at `t` seconds is `value(t, lead)`, rounded to an integer. */
function signal(value, { rate = RATE, seconds = 10 } = {}) {
  const n = Math.round(rate * seconds);
  const leads = Array.from({ length: 12 }, (_, lead) =>
    Int16Array.from({ length: n }, (_, t) => Math.round(value(t / rate, lead))),
  );
  return {
    samplingRateHz: rate,
    microvoltsPerLsb: 1,
    nSamples: n,
    status: new Uint8Array(12).fill(1),
    leads,
  };
}

const sine =
  (hz, amplitude = 10000) =>
  (s) =>
    amplitude * Math.sin(2 * Math.PI * hz * s);

/** Amplitude and phase (radians) of `hz` in the middle of the samples. */
function component(samples, hz, rate = RATE) {
  const [from, to] = [2 * rate, samples.length - 2 * rate];
  let [re, im] = [0, 0];
  for (let t = from; t < to; t += 1) {
    re += samples[t] * Math.cos((2 * Math.PI * hz * t) / rate);
    im += samples[t] * Math.sin((2 * Math.PI * hz * t) / rate);
  }
  return { amplitude: (2 * Math.hypot(re, im)) / (to - from), phase: Math.atan2(re, im) };
}

const decibels = (name, hz, options) =>
  20 * Math.log10(component(filtered(signal(sine(hz)), name, options).leads[0], hz).amplitude / 10000);

for (const [name, hz, least, most] of [
  ["150hz", 1, -0.01, 0.01],
  ["150hz", 40, -0.05, 0.01],
  ["150hz", 150, -3.1, -2.9],
  ["150hz", 220, -99, -20],
  ["40hz", 1, -0.01, 0.01],
  ["40hz", 10, -0.05, 0.01],
  ["40hz", 40, -3.1, -2.9],
  ["40hz", 100, -99, -27],
  ["baseline", 0.2, -99, -35],
  ["baseline", 2, -0.06, 0.01],
  ["baseline", 40, -0.01, 0.01],
  ["mains", 45, -0.3, 0.01],
  ["mains", 10, -0.01, 0.01],
  ["mains", 60, -0.2, 0.01],
]) {
  test(`${name} passes ${hz} Hz with ${least} to ${most} dB`, () => {
    const gainDb = decibels(name, hz, { mainsHz: 50 });
    assert.ok(gainDb >= least && gainDb <= most, `${gainDb.toFixed(2)} dB`);
  });
}

test("the baseline filter is down 3 dB at 0.67 Hz", () => {
  const gainDb =
    20 *
    Math.log10(
      component(filtered(signal(sine(0.67), { seconds: 34 }), "baseline").leads[0], 0.67).amplitude / 10000,
    );
  // The tolerance is wide because 30 s do not hold a whole number of periods of 0.67 Hz.
  assert.ok(Math.abs(gainDb + 3) < 0.15, `${gainDb} dB`);
});

for (const rate of [300, 500, 1000]) {
  for (const hz of [50, 60]) {
    test(`${hz} Hz interference at ${rate} Hz is removed from the first sample to the last`, () => {
      const after = filtered(signal(sine(hz, 1000), { rate }), "mains", { mainsHz: hz });
      assert.ok(Math.max(...after.leads[0].map(Math.abs)) <= 10);
    });
  }
}

for (const [name, hz] of [
  ["150hz", 100],
  ["40hz", 30],
  ["baseline", 1],
  ["mains", 48],
]) {
  test(`${name} does not shift ${hz} Hz in time`, () => {
    const after = filtered(signal(sine(hz)), name, { mainsHz: 50 });
    assert.ok(Math.abs(component(after.leads[0], hz).phase) < 0.002);
  });
}

const spike = (s) => 1500 * Math.exp(-(((s % 1) - 0.5) ** 2) / (2 * 0.012 ** 2));

for (const name of FILTERS) {
  test(`${name} does not move a beat`, () => {
    const ecg = signal(spike);
    const after = filtered(ecg, name, { mainsHz: 50 }).leads[4];
    const peak = (samples) => samples.indexOf(Math.max(...samples.subarray(2000, 2500)), 2000);
    assert.equal(peak(after), peak(ecg.leads[4]));
    for (let k = 1; k < 50; k += 1)
      assert.ok(Math.abs(after[2250 + k] - after[2250 - k]) <= 2, `lopsided at ${k}`);
  });

  test(`${name} keeps a flat lead flat`, () => {
    const after = filtered(
      signal(() => 700),
      name,
      { mainsHz: 50 },
    ).leads[0];
    assert.equal(Math.max(...after), Math.min(...after));
  });

  test(`${name} keeps samples without a value`, () => {
    const ecg = signal(spike);
    const holes = [0, 1, 2, 999, 1000, 1001, 1002, 4999];
    for (const t of holes) ecg.leads[3][t] = INVALID;
    const after = filtered(ecg, name, { mainsHz: 50 }).leads[3];
    const gaps = [...after.keys()].filter((t) => after[t] === INVALID);
    assert.deepEqual(gaps, holes);
  });

  test(`${name} leaves a lead without any value unchanged`, () => {
    const ecg = signal(() => INVALID);
    assert.deepEqual(filtered(ecg, name, { mainsHz: 50 }).leads[0], ecg.leads[0]);
  });

  test(`${name} accepts a recording of one sample`, () => {
    const ecg = signal(() => 5, { seconds: 1 / RATE });
    assert.equal(filtered(ecg, name, { mainsHz: 50 }).leads[0].length, 1);
  });
}

test('a full-scale edge is clipped and never becomes "no value"', () => {
  const ecg = signal((s) => (Math.floor(s * 5) % 2 ? 32767 : -32767));
  const { leads } = filtered(ecg, "baseline");
  assert.ok(!leads[0].includes(INVALID));
});

test("a gap causes no step in neighboring samples", () => {
  const ecg = signal(() => 4000);
  ecg.leads[0].fill(INVALID, 1000, 1500);
  const after = filtered(ecg, "40hz").leads[0];
  assert.deepEqual([after[999], after[1500]], [4000, 4000]);
});

test("baseline wander is removed equally well at the ends", () => {
  const after = filtered(
    signal((s) => 2000 * Math.sin(2 * Math.PI * 0.15 * s)),
    "baseline",
  ).leads[0];
  assert.ok(Math.max(...after.map(Math.abs)) < 120);
});

test('"off" returns the recording itself', () => {
  const ecg = signal(spike);
  assert.equal(filtered(ecg, "off"), ecg);
});

test("a corner above the recorded band leaves the signal unchanged", () => {
  const ecg = signal(spike, { rate: 300 });
  assert.equal(filtered(ecg, "150hz"), ecg);
});

test("a filtered view is computed once", () => {
  const ecg = signal(spike);
  assert.equal(filtered(ecg, "40hz"), filtered(ecg, "40hz"));
});

test("filtering does not change the recording", () => {
  const ecg = signal(spike);
  const before = ecg.leads.map((samples) => samples.slice());
  for (const name of FILTERS) filtered(ecg, name);
  assert.deepEqual(ecg.leads, before);
});

test("an unknown filter is refused", () => {
  assert.throws(() => filtered(signal(spike), "35hz"), RangeError);
});

for (const hz of [50, 60]) {
  test(`detects ${hz} Hz as the mains frequency`, () => {
    assert.equal(mainsLineHz(signal((s) => spike(s) + 30 * Math.sin(2 * Math.PI * hz * s))), hz);
  });

  test(`the mains filter removes ${hz} Hz without being given the frequency`, () => {
    const after = filtered(signal(sine(hz, 400)), "mains").leads[0];
    assert.ok(Math.max(...after.map(Math.abs)) <= 5);
  });
}

test("without interference the mains frequency is taken as 50 Hz", () => {
  assert.equal(mainsLineHz(signal(() => 0)), 50);
});

test("at 100 Hz no mains frequency can be detected", () => {
  const ecg = signal(spike, { rate: 100 });
  assert.equal(filtered(ecg, "mains"), ecg);
});

const golden = JSON.parse(readFileSync(new URL("../fixtures/filters_golden.json", import.meta.url), "utf8"));

for (const { name, rate, output } of golden.filters) {
  test(`${name} at ${rate} Hz matches SciPy`, () => {
    const ecg = {
      samplingRateHz: rate,
      nSamples: golden.input.length,
      status: [1],
      leads: [Int16Array.from(golden.input)],
    };
    const after = [...filtered(ecg, name).leads[0]];
    const furthest = Math.max(...after.map((value, t) => Math.abs(value - output[t])));
    assert.ok(furthest <= 1, `${furthest} steps apart`);
  });
}

test("filtering twelve leads of ten seconds takes milliseconds", () => {
  const times = [...Array(5)].map((_, i) => {
    const ecg = signal((s) => spike(s + i));
    const from = performance.now();
    filtered(ecg, "baseline");
    return performance.now() - from;
  });
  // The benchmark measures the time. This only catches an algorithm that is far too slow.
  assert.ok(Math.min(...times) < 300, `${Math.min(...times).toFixed(1)} ms`);
});
