// Display filters: pure functions from Int16 leads to Int16 leads that add no delay.
//
// Each filter runs forward and backward, so waves do not shift. Samples without a value stay without one.
// The stated corner frequency is where both passes together attenuate by 3 dB.

import { INVALID, Status } from "./signal.js";

/** @import { Signal } from "./types.js" */

/** @typedef {{b0: number, b1: number, b2: number, a1: number, a2: number}} Section a second-order section */

/**
 * @typedef {{section: Section, padS: number, extend: (values: Float64Array, pad: number) => Float64Array}}
 *   Plan
 */

/** "off" returns the signal as recorded. */
export const FILTERS = Object.freeze(["off", "150hz", "40hz", "baseline", "mains"]);

/** The highest corner frequency that does not distort the ST segment, given zero phase. */
const BASELINE_HZ = 0.67;

/**
 * Q of the notch: center frequency divided by bandwidth. A narrower notch rings longer after a QRS; a wider
 * one distorts the QRS.
 */
const NOTCH_Q = 30;

const MAX_SAMPLE = 32767;

/**
 * Filtered signals by recording, so that the next exam can be filtered while it is prefetched.
 *
 * @type {WeakMap<Signal, Map<string, Signal>>}
 */
const made = new WeakMap();
/** @type {WeakMap<Signal, number>} */
const lines = new WeakMap();

/**
 * Apply the filter `name` to `signal`. Returns the same object for "off", and if the filter's frequency is
 * above the recorded band.
 *
 * @param {Signal} signal
 * @param {string} name one of `FILTERS`
 * @param {{mainsHz?: 50 | 60}} [options] the mains frequency to remove; default: the stronger one
 * @returns {Signal}
 */
export function filtered(signal, name, { mainsHz } = {}) {
  if (!FILTERS.includes(name)) throw new RangeError(`unknown filter: ${name}`);
  if (name === "off") return signal;
  const views = made.get(signal) ?? new Map();
  made.set(signal, views);
  const key = `${name} ${mainsHz ?? ""}`;
  if (!views.has(key)) views.set(key, apply(signal, plan(signal, name, mainsHz)));
  return views.get(key);
}

/**
 * Return the mains frequency, 50 or 60 Hz, that stands out more from the noise around it. 50 if neither
 * does.
 *
 * @param {Signal} signal
 * @returns {number}
 */
export function mainsLineHz(signal) {
  const cached = lines.get(signal);
  if (cached !== undefined) return cached;
  const leads = underHann(signal);
  const [at50, at60] = [50, 60].map((hz) => lineStrength(leads, hz, signal.samplingRateHz));
  const hz = at60 > at50 ? 60 : 50;
  lines.set(signal, hz);
  return hz;
}

/**
 * Return the filter section and how to extend the signal beyond its ends. Null if the filter's frequency is
 * above the recorded band.
 *
 * @param {Signal} signal
 * @param {string} name
 * @param {number} [mainsHz]
 * @returns {Plan | null}
 */
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

/**
 * @param {Signal} signal
 * @param {Plan | null} plan
 */
function apply(signal, plan) {
  if (plan === null) return signal;
  const pad = Math.round(plan.padS * signal.samplingRateHz);
  const leads = signal.leads.map((samples, lead) =>
    signal.status[lead] === Status.MISSING ? samples : through(samples, plan, pad),
  );
  return { ...signal, leads };
}

/**
 * @param {Int16Array} samples
 * @param {Plan} plan
 * @param {number} pad
 */
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
    result[t] = samples[t] === INVALID ? INVALID : Math.min(Math.max(value, -MAX_SAMPLE), MAX_SAMPLE);
  }
  return result;
}

/**
 * Return the samples with gaps filled by straight lines, or null if no sample has a value.
 *
 * @param {Int16Array} samples
 */
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

/**
 * Interpolate the samples between `before` and `after`, both excluded. At the ends of the recording, repeat
 * the nearest value.
 *
 * @param {Float64Array} values
 * @param {number} before
 * @param {number} after
 */
function bridge(values, before, after) {
  const [left, right] = [values[before] ?? values[after], values[after] ?? values[before]];
  if (left === undefined) return false;
  for (let t = before + 1; t < after; t += 1) {
    values[t] = left + ((right - left) * (t - before)) / (after - before);
  }
  return true;
}

/**
 * Extend the signal by point reflection, so that neither value nor slope jumps at the ends.
 *
 * @param {Float64Array} values
 * @param {number} pad
 */
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

/**
 * Extend the signal by repeating its first and last second. 50 and 60 Hz continue in phase, so no mains hum
 * remains at the ends.
 *
 * @param {Float64Array} values
 * @param {number} pad
 */
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

/**
 * Apply one second-order section in place, initialized as if the first value had preceded the signal
 * forever.
 *
 * @param {Section} section
 * @param {Float64Array} work
 */
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

/**
 * Shifts the corner of a single pass so that it attenuates by 1.5 dB at the stated corner frequency, and both
 * passes together by 3 dB.
 */
const ONE_WAY = (Math.SQRT2 - 1) ** 0.25;

/**
 * Return a second-order Butterworth low-pass, designed by the bilinear transform.
 *
 * @param {number} hz
 * @param {number} rateHz
 */
function lowPass(hz, rateHz) {
  const w = Math.tan((Math.PI * hz) / rateHz) / ONE_WAY;
  const norm = 1 / (1 + Math.SQRT2 * w + w * w);
  const b0 = w * w * norm;
  return { b0, b1: 2 * b0, b2: b0, a1: 2 * (w * w - 1) * norm, a2: (1 - Math.SQRT2 * w + w * w) * norm };
}

/**
 * @param {number} hz
 * @param {number} rateHz
 */
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

/**
 * @param {number} hz
 * @param {number} rateHz
 */
function notch(hz, rateHz) {
  const w = (2 * Math.PI * hz) / rateHz;
  const alpha = Math.tan(w / (2 * NOTCH_Q));
  const norm = 1 / (1 + alpha);
  const b1 = -2 * Math.cos(w) * norm;
  return { b0: norm, b1, b2: norm, a1: b1, a2: (1 - alpha) * norm };
}

/**
 * Return the power at `hz` divided by the power a few hertz away, over all leads. 0 if the recorded band
 * does not reach 4 Hz beyond `hz`.
 *
 * @param {Float64Array[]} leads
 * @param {number} hz
 * @param {number} rateHz
 */
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

/**
 * Return the recorded leads under a Hann window. Without it, the jump between last and first sample would
 * add power at every frequency.
 *
 * @param {Signal} signal
 */
function underHann({ leads, status, nSamples }) {
  const turn = (2 * Math.PI) / nSamples;
  const window = new Float64Array(nSamples).map((_, t) => 1 - Math.cos(turn * t));
  return leads.flatMap((samples, lead) => {
    const values = status[lead] === Status.MISSING ? null : bridged(samples);
    return values === null ? [] : [values.map((value, t) => value * window[t])];
  });
}

/**
 * Return the power at one frequency, in cycles per sample, by the Goertzel algorithm.
 *
 * @param {Float64Array} values
 * @param {number} cycles
 */
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
