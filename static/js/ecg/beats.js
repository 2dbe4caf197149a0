// Beat detection, and the median of beats that look alike. Pure.
//
// Only for display and for snapping calipers. No interval or amplitude that the reader sees is computed here.

import { INVALID, Status } from "./signal.js";

/** @import { Signal } from "./types.js" */

/** Minimum distance between two QRS complexes: 250 beats per minute. */
const REFRACTORY_S = 0.24;

/** Minimum correlation of two QRS complexes for their beats to count as the same morphology. */
const ALIKE = 0.85;

/**
 * Minimum correlation before alignment. An offset of a few milliseconds lowers the correlation considerably.
 */
const ROUGHLY_ALIKE = 0.7;

/** Half-width of the correlated window around each beat. */
const QRS_S = 0.08;

const MAX_BEATS = 120;

/**
 * Detect beats. A beat is located where the slopes of all leads, smoothed over 80 ms, are greatest.
 *
 * @param {Signal} signal
 * @returns {number[]} sample indices in ascending order; empty if no lead has a beat
 */
export function beatsOf(signal) {
  const slope = steepness(signal);
  const threshold = 0.25 * typicalPeak(slope, Math.round(2 * signal.samplingRateHz));
  if (!(threshold > 0)) return [];
  return peaks(slope, threshold, Math.round(REFRACTORY_S * signal.samplingRateHz));
}

/**
 * Return the median of the beats that share the most frequent morphology, among the first MAX_BEATS.
 *
 * @param {Signal} signal
 * @returns {{signal: Signal, nBeats: number, nFound: number, beforeS: number} | null} `signal` is one beat
 *   long, with the QRS `beforeS` after its start; null when fewer than two beats look alike
 */
export function medianBeat(signal) {
  const beats = beatsOf(signal).slice(0, MAX_BEATS);
  const window = windowOf(beats, signal.samplingRateHz);
  const complete = beats.filter(
    (at) =>
      at > window.before + 0.03 * signal.samplingRateHz &&
      at + window.after < signal.nSamples - 0.03 * signal.samplingRateHz,
  );
  const alike = sameMorphology(signal, complete);
  if (alike.length < 2) return null;
  const leads = signal.leads.map((samples, lead) =>
    signal.status[lead] === Status.MISSING
      ? samples.subarray(0, window.before + window.after)
      : medianOf(samples, alike, window),
  );
  return {
    signal: { ...signal, leads, nSamples: window.before + window.after },
    nBeats: alike.length,
    nFound: beats.length,
    beforeS: window.before / signal.samplingRateHz,
  };
}

/**
 * Return the sum of the squared slopes of all leads, each normalized by its own typical peak, smoothed over
 * 80 ms.
 *
 * Squaring keeps tall T waves small. Only slopes above three times the lead's median count (or above half its
 * typical peak, if that is less), so that a noisy lead contributes little.
 *
 * @param {Signal} signal
 */
function steepness({ samplingRateHz, leads, status, nSamples }) {
  const reach = Math.max(1, Math.round(0.01 * samplingRateHz));
  const total = new Float64Array(nSamples);
  leads.forEach((samples, lead) => {
    if (status[lead] === Status.MISSING) return;
    const slopes = new Float64Array(nSamples);
    for (let t = reach; t < nSamples - reach; t += 1) {
      const [left, right] = [samples[t - reach], samples[t + reach]];
      if (left !== INVALID && right !== INVALID) slopes[t] = Math.abs(right - left);
    }
    const measure = typicalPeak(slopes, Math.round(2 * samplingRateHz));
    if (!(measure > 0)) return;
    const floor = Math.min(3 * middle(slopes), measure / 2);
    for (let t = 0; t < nSamples; t += 1)
      total[t] += Math.min(Math.max(0, slopes[t] - floor) / (measure - floor), 2) ** 2;
  });
  return smoothed(total, Math.max(1, Math.round(0.04 * samplingRateHz)));
}

/**
 * @param {Float64Array} values
 * @param {number} reach
 */
function smoothed(values, reach) {
  const sums = new Float64Array(values.length + 1);
  values.forEach((value, t) => (sums[t + 1] = sums[t] + value));
  return values.map((_, t) => {
    const [from, to] = [Math.max(0, t - reach), Math.min(values.length, t + reach + 1)];
    return (sums[to] - sums[from]) / (to - from);
  });
}

/**
 * Return the median of the maxima of consecutive segments, so that one artifact does not raise it.
 *
 * @param {Float64Array} values
 * @param {number} stretch segment length in samples
 */
function typicalPeak(values, stretch) {
  /** @type {number[]} */
  const highest = [];
  for (let from = 0; from < values.length; from += stretch) {
    const part = values.subarray(from, from + stretch);
    if (part.length >= stretch / 2 || from === 0)
      highest.push(part.reduce((most, value) => Math.max(most, value), 0));
  }
  return middle(highest);
}

/**
 * Return the local maxima above `threshold`. Of two maxima closer than `refractory`, keep the higher one.
 *
 * @param {Float64Array} values
 * @param {number} threshold
 * @param {number} refractory
 */
function peaks(values, threshold, refractory) {
  /** @type {number[]} */
  const maxima = [];
  for (let t = 1; t < values.length - 1; t += 1) {
    if (values[t] < threshold || values[t] < values[t - 1] || values[t] <= values[t + 1]) continue;
    const last = maxima[maxima.length - 1];
    if (last === undefined || t - last >= refractory) maxima.push(t);
    else if (values[t] > values[last]) maxima[maxima.length - 1] = t;
  }
  return maxima;
}

/**
 * Return how many samples before and after a beat belong to it: at most 300 and 500 ms, and at most 40% and
 * 60% of the typical distance between beats.
 *
 * @param {number[]} beats
 * @param {number} rate
 */
function windowOf(beats, rate) {
  const distances = beats.slice(1).map((at, i) => at - beats[i]);
  const typical = distances.length > 0 ? middle(distances) : rate;
  return {
    before: Math.round(Math.min(0.3 * rate, 0.4 * typical)),
    after: Math.round(Math.min(0.5 * rate, 0.6 * typical)),
  };
}

/**
 * Return the beats that resemble the most typical beat, each aligned to it.
 *
 * @param {Signal} signal
 * @param {number[]} beats
 */
function sameMorphology(signal, beats) {
  const shapes = beats.map((at) => shapeOf(signal, at));
  const company = shapes.map(
    (shape) => shapes.filter((other) => correlation(shape, other) >= ROUGHLY_ALIKE).length,
  );
  const model = shapes[company.indexOf(Math.max(...company))];
  return beats
    .map((at) => fitted(signal, model, at))
    .filter(({ similarity }) => similarity >= ALIKE)
    .map(({ at }) => at);
}

/**
 * Return the QRS at `at` in all leads, concatenated. The mean and linear trend of each lead are removed.
 *
 * @param {Signal} signal
 * @param {number} at
 */
function shapeOf({ samplingRateHz, leads, status, nSamples }, at) {
  const reach = Math.round(QRS_S * samplingRateHz);
  /** @type {number[]} */
  const shape = [];
  leads.forEach((samples, lead) => {
    if (status[lead] === Status.MISSING) return;
    const part = [];
    for (let t = at - reach; t <= at + reach; t += 1)
      part.push(valueAt(samples, Math.min(Math.max(t, 0), nSamples - 1)));
    const [first, slope] = [part[0], (part[part.length - 1] - part[0]) / (part.length - 1)];
    const level = part.map((value, i) => value - first - slope * i); // ignore baseline wander
    const mean = level.reduce((sum, value) => sum + value, 0) / level.length;
    for (const value of level) shape.push(value - mean);
  });
  return shape;
}

/**
 * @param {Int16Array} samples
 * @param {number} t
 */
function valueAt(samples, t) {
  return samples[t] === INVALID ? 0 : samples[t];
}

/**
 * Shift `at` by up to 30 ms to where the beat matches `model` best.
 *
 * @param {Signal} signal
 * @param {number[]} model
 * @param {number} at
 */
function fitted(signal, model, at) {
  const reach = Math.round(0.03 * signal.samplingRateHz);
  let best = { at, similarity: -Infinity };
  for (let shift = -reach; shift <= reach; shift += 1) {
    const similarity = correlation(model, shapeOf(signal, at + shift));
    if (similarity > best.similarity) best = { at: at + shift, similarity };
  }
  return best;
}

/**
 * @param {number[]} one
 * @param {number[]} other
 */
function correlation(one, other) {
  let [product, first, second] = [0, 0, 0];
  for (let i = 0; i < one.length; i += 1) {
    product += one[i] * other[i];
    first += one[i] * one[i];
    second += other[i] * other[i];
  }
  return product / Math.sqrt(first * second || 1);
}

/**
 * Return the sample-wise median over the beats. Each beat is first shifted so that its own median is 0,
 * because the baseline wanders.
 *
 * @param {Int16Array} samples
 * @param {number[]} beats
 * @param {{before: number, after: number}} window
 */
function medianOf(samples, beats, { before, after }) {
  const parts = beats.map((at) => leveled(samples.subarray(at - before, at + after)));
  const result = new Int16Array(before + after);
  for (let t = 0; t < result.length; t += 1) {
    const values = parts.map((part) => part[t]).filter((value) => !Number.isNaN(value));
    result[t] = values.length > 0 ? Math.round(middle(values)) : INVALID;
  }
  return result;
}

/** @param {Int16Array} part */
function leveled(part) {
  const values = Array.from(part, (value) => (value === INVALID ? NaN : value));
  const rest = middle(values.filter((value) => !Number.isNaN(value)));
  return values.map((value) => value - rest);
}

/** @param {ArrayLike<number>} values */
function middle(values) {
  const sorted = Array.from(values).sort((one, other) => one - other);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
