// Where the QRS of each beat begins and ends, over all leads together. Pure.
//
// It is a place to stand on for a caliper's leg, which the reader sees and may move. No number is told from here.

import { beatsOf } from "./beats.js";
import { INVALID, Status } from "./signal.js";

/** No QRS reaches farther than this from its steepest place. */
const REACH_S = 0.16;

/** The QRS is over where for so long nothing is steep any more. */
const CALM_S = 0.02;

/** What is steep: this part of the steepest place of the beat, which may be the spike of a pacemaker. */
const STEEP = 0.1;

/** It is at least, and need not be more than, so many times what is usual in the whole recording. */
const USUAL = Object.freeze({ least: 2.5, most: 9 });

/**
 * For each beat that is whole, the first and the last sample of its QRS; the last one is the J point.
 *
 * @returns {{onset: number, end: number}[]} indices
 */
export function qrsEdges(signal) {
  const slope = slopeOf(signal);
  const reach = Math.round(REACH_S * signal.samplingRateHz);
  const calm = Math.max(2, Math.round(CALM_S * signal.samplingRateHz));
  const usual = middle(slope);
  return beatsOf(signal).flatMap((at) => {
    const near = slope.subarray(Math.max(0, at - reach), at + reach + 1);
    const steep = STEEP * near.reduce((most, value) => Math.max(most, value), 0);
    const limit = usual > 0 ? Math.min(Math.max(steep, USUAL.least * usual), USUAL.most * usual) : steep;
    const [onset, end] = [-1, 1].map((step) => edge(slope, at, { step, limit, reach, calm }));
    return onset === null || end === null ? [] : [{ onset, end }];
  });
}

/** From `at` on, the last sample that is steep before a calm; null where none comes. */
function edge(slope, at, { step, limit, reach, calm }) {
  let [last, quiet] = [at, 0];
  for (let t = at; Math.abs(t - at) <= reach && t >= 0 && t < slope.length; t += step) {
    quiet = slope[t] < limit ? quiet + 1 : 0;
    if (quiet === 0) last = t;
    if (quiet >= calm) return last;
  }
  return null;
}

/** How steep all leads are together, over 8 ms. */
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

function middle(values) {
  return Float64Array.from(values).sort()[values.length >> 1];
}
