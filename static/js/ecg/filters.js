// Filters as views of a signal: pure functions from Int16 leads to Int16 leads, without any shift in time.
//
// Each runs forwards and backwards, so that no wave moves, and keeps the samples that have no value as they are.
// The corner given is where the whole filter, both ways together, takes away 3 dB.

import { INVALID, Status } from "./signal.js";

/** Names of the views; "off" is what was recorded. */
export const FILTERS = Object.freeze(["off", "150hz", "40hz", "baseline", "mains"]);

/** 0.67 Hz is the highest corner that leaves the ST segment alone, provided that the phase is zero. */
const BASELINE_HZ = 0.67;

/** Centre over width of the notch: narrower rings longer after a QRS, wider cuts into it. */
const NOTCH_Q = 30;

const HIGHEST = 32767;

/** Per recording what was made of it: the next exam is seen through the same filter while it is drawn ahead. */
const made = new WeakMap();
const lines = new WeakMap();

/**
 * `signal` seen through the filter `name`; the very same signal where there is nothing to take away.
 *
 * @param {{samplingRateHz: number, leads: Int16Array[], status: Uint8Array}} signal
 * @param {string} name one of FILTERS
 * @param {{mainsHz?: 50 | 60}} options which line to take out; without it the stronger one
 */
export function filtered(signal, name, { mainsHz } = {}) {
  if (!FILTERS.includes(name)) throw new RangeError(`unknown filter: ${name}`);
  if (name === "off") return signal;
  const views = made.get(signal) ?? made.set(signal, new Map()).get(signal);
  const key = `${name} ${mainsHz ?? ""}`;
  if (!views.has(key)) views.set(key, apply(signal, plan(signal, name, mainsHz)));
  return views.get(key);
}

/** The mains line that is stronger against the noise beside it, in hertz; 50 when neither can be told. */
export function mainsLineHz(signal) {
  if (!lines.has(signal)) {
    const leads = underHann(signal);
    const strength = (hz) => lineStrength(leads, hz, signal.samplingRateHz);
    lines.set(signal, strength(60) > strength(50) ? 60 : 50);
  }
  return lines.get(signal);
}

/** The sections, and how the signal goes on beyond its ends; null when nothing recorded could pass the corner. */
function plan(signal, name, mainsHz) {
  const { samplingRateHz } = signal;
  if (name === "baseline") {
    return { section: highPass(BASELINE_HZ, samplingRateHz), padS: 3, extend: mirrored };
  }
  if (name === "mains") {
    const hz = mainsHz ?? mainsLineHz(signal);
    if (hz >= 0.49 * samplingRateHz) return null;
    return { section: notch(hz, samplingRateHz), padS: 1, extend: repeated };
  }
  const corner = name === "40hz" ? 40 : 150;
  if (corner >= 0.49 * samplingRateHz) return null;
  return { section: lowPass(corner, samplingRateHz), padS: 0.2, extend: mirrored };
}

function apply(signal, plan) {
  if (plan === null) return signal;
  const pad = Math.round(plan.padS * signal.samplingRateHz);
  const leads = signal.leads.map((samples, lead) =>
    signal.status[lead] === Status.MISSING ? samples : through(samples, plan, pad),
  );
  return { ...signal, leads };
}

function through(samples, { section, extend }, pad) {
  const values = bridged(samples);
  if (values === null) return samples;
  const n = samples.length;
  const room = Math.max(0, Math.min(pad, n - 1));
  const work = extend(values, room);
  run(section, work);
  work.reverse();
  run(section, work);
  work.reverse();
  const result = new Int16Array(n);
  for (let t = 0; t < n; t += 1) {
    const value = Math.round(work[room + t]);
    result[t] = samples[t] === INVALID ? INVALID : Math.min(Math.max(value, -HIGHEST), HIGHEST);
  }
  return result;
}

/** The samples with straight lines across what has no value; null when nothing has one. */
function bridged(samples) {
  const values = new Float64Array(samples);
  let before = -1;
  for (let t = 0; t <= samples.length; t += 1) {
    if (t < samples.length && samples[t] === INVALID) continue;
    if (t - before > 1 && !bridge(values, before, t)) return null;
    before = t;
  }
  return values;
}

/** Fill from `before` to `after`, both excluded; beyond an end the nearest value holds. */
function bridge(values, before, after) {
  const [left, right] = [values[before] ?? values[after], values[after] ?? values[before]];
  if (left === undefined) return false;
  for (let t = before + 1; t < after; t += 1) {
    values[t] = left + ((right - left) * (t - before)) / (after - before);
  }
  return true;
}

/** Turned about its end points, so that neither height nor slope jumps there. */
function mirrored(values, pad) {
  const n = values.length;
  const work = new Float64Array(n + 2 * pad);
  work.set(values, pad);
  for (let k = 1; k <= pad; k += 1) {
    work[pad - k] = 2 * values[0] - values[k];
    work[pad + n - 1 + k] = 2 * values[n - 1] - values[n - 1 - k];
  }
  return work;
}

/** Its own first and last second once more: 50 and 60 Hz go on in phase, so that no line is left at the ends. */
function repeated(values, pad) {
  const n = values.length;
  const work = new Float64Array(n + 2 * pad);
  work.set(values, pad);
  for (let k = 1; k <= pad; k += 1) {
    work[pad - k] = values[pad - k] + values[0] - values[pad];
    work[pad + n - 1 + k] = values[n - 1 - pad + k] + values[n - 1] - values[n - 1 - pad];
  }
  return work;
}

/** One second-order section over `work`, in place, begun as if the first value had always been there. */
function run({ b0, b1, b2, a1, a2 }, work) {
  const steady = ((b0 + b1 + b2) / (1 + a1 + a2)) * work[0];
  let one = steady - b0 * work[0];
  let two = b2 * work[0] - a2 * steady;
  for (let t = 0; t < work.length; t += 1) {
    const x = work[t];
    const y = b0 * x + one;
    one = b1 * x - a1 * y + two;
    two = b2 * x - a2 * y;
    work[t] = y;
  }
}

/** Both ways together lose 3 dB at the corner when one way loses 1.5 dB there. */
const ONE_WAY = (Math.SQRT2 - 1) ** 0.25;

/** Butterworth, second order, by the bilinear transform. */
function lowPass(hz, rateHz) {
  const w = Math.tan((Math.PI * hz) / rateHz) / ONE_WAY;
  const norm = 1 / (1 + Math.SQRT2 * w + w * w);
  const b0 = w * w * norm;
  return { b0, b1: 2 * b0, b2: b0, a1: 2 * (w * w - 1) * norm, a2: (1 - Math.SQRT2 * w + w * w) * norm };
}

function highPass(hz, rateHz) {
  const w = Math.tan((Math.PI * hz) / rateHz) * ONE_WAY;
  const norm = 1 / (1 + Math.SQRT2 * w + w * w);
  return {
    b0: norm,
    b1: -2 * norm,
    b2: norm,
    a1: 2 * (w * w - 1) * norm,
    a2: (1 - Math.SQRT2 * w + w * w) * norm,
  };
}

function notch(hz, rateHz) {
  const w = (2 * Math.PI * hz) / rateHz;
  const alpha = Math.tan(w / (2 * NOTCH_Q));
  const norm = 1 / (1 + alpha);
  const b1 = -2 * Math.cos(w) * norm;
  return { b0: norm, b1, b2: norm, a1: b1, a2: (1 - alpha) * norm };
}

/** Power at `hz` over the power a few hertz beside it, of all leads together; 0 beyond what was recorded. */
function lineStrength(leads, hz, rateHz) {
  if (hz + 4 >= rateHz / 2) return 0;
  let line = 0;
  let beside = 1e-12;
  for (const values of leads) {
    line += power(values, hz / rateHz);
    for (const off of [-4, -3, 3, 4]) beside += power(values, (hz + off) / rateHz) / 4;
  }
  return line / beside;
}

/** The recorded leads under a Hann window: a jump from the last sample to the first would be power at every frequency. */
function underHann({ leads, status, nSamples }) {
  const turn = (2 * Math.PI) / nSamples;
  const window = new Float64Array(nSamples).map((_, t) => 1 - Math.cos(turn * t));
  return leads.flatMap((samples, lead) => {
    const values = status[lead] === Status.MISSING ? null : bridged(samples);
    return values === null ? [] : [values.map((value, t) => value * window[t])];
  });
}

/** Goertzel's: the power of one frequency, in cycles per sample. */
function power(values, cycles) {
  const cosine = 2 * Math.cos(2 * Math.PI * cycles);
  let [one, two] = [0, 0];
  for (const value of values) {
    const next = value + cosine * one - two;
    two = one;
    one = next;
  }
  return one * one + two * two - cosine * one * two;
}
