// Onset and end of each QRS, over all leads together. Pure.
//
// The legs of voltage calipers snap to these. The reader sees the leg and can move it. No reported number is
// computed here.

import { beatsOf } from "./beats.js";
import { INVALID, Status } from "./signal.js";

/** @import { Signal } from "./types.js" */

/** No QRS extends farther than this from its steepest sample. */
const REACH_S = 0.16;

/** The QRS is over once the slope has stayed below the threshold for this long. */
const CALM_S = 0.02;

/** Threshold relative to the steepest sample of the beat, which may be a pacemaker spike. */
const STEEP = 0.1;

/** Bounds of the threshold, as multiples of the recording's median slope. */
const USUAL = Object.freeze({ min: 2.5, max: 9 });

/**
 * Return the first and last sample of the QRS of each complete beat. The last one is the J point.
 *
 * @param {Signal} signal
 * @returns {{onset: number, end: number}[]} sample indices
 */
export function qrsEdges(signal) {
  const slope = slopeOf(signal);
  const reach = Math.round(REACH_S * signal.samplingRateHz);
  const calm = Math.max(2, Math.round(CALM_S * signal.samplingRateHz));
  const usual = middle(slope);
  return beatsOf(signal).flatMap((at) => {
    const near = slope.subarray(Math.max(0, at - reach), at + reach + 1);
    const steep = STEEP * near.reduce((most, value) => Math.max(most, value), 0);
    const limit = usual > 0 ? Math.min(Math.max(steep, USUAL.min * usual), USUAL.max * usual) : steep;
    const [onset, end] = [-1, 1].map((step) => edge(slope, at, { step, limit, reach, calm }));
    return onset === null || end === null ? [] : [{ onset, end }];
  });
}

/**
 * Go from `at` in the direction of `step` and return the last steep sample before a flat segment. Null if
 * there is no flat segment within reach.
 *
 * @param {Float64Array} slope
 * @param {number} at
 * @param {{step: number, limit: number, reach: number, calm: number}} options
 */
function edge(slope, at, { step, limit, reach, calm }) {
  let [last, quiet] = [at, 0];
  for (let t = at; Math.abs(t - at) <= reach && t >= 0 && t < slope.length; t += step) {
    quiet = slope[t] < limit ? quiet + 1 : 0;
    if (quiet === 0) last = t;
    if (quiet >= calm) return last;
  }
  return null;
}

/**
 * Return the combined slope of all leads over 8 ms.
 *
 * @param {Signal} signal
 */
function slopeOf({ samplingRateHz, leads, status, nSamples }) {
  const reach = Math.max(1, Math.round(0.004 * samplingRateHz));
  const total = new Float64Array(nSamples);
  leads.forEach((samples, lead) => {
    if (status[lead] === Status.MISSING) return;
    for (let t = reach; t < nSamples - reach; t += 1) {
      const [left, right] = [samples[t - reach], samples[t + reach]];
      if (left !== INVALID && right !== INVALID) total[t] += Math.abs(right - left);
    }
  });
  return total;
}

/** @param {Float64Array} values */
function middle(values) {
  return Float64Array.from(values).sort()[values.length >> 1];
}
