// Where the beats of a signal are, and the median of those that look alike. Pure.
//
// It is a view for the reader's eye and measures nothing: no interval or amplitude is told to the reader from here.

import { INVALID, Status } from "./signal.js";

/** Two QRS complexes are never closer: 250 beats a minute. */
const REFRACTORY_S = 0.24;

/** Beats that correlate at least so well over the QRS are of one kind. */
const ALIKE = 0.85;

/** The same before they are moved to fit: a few milliseconds off cost much likeness. */
const ROUGHLY_ALIKE = 0.7;

/** What the correlation looks at, to both sides of the beat. */
const QRS_S = 0.08;

const MOST_BEATS = 120;

/**
 * The samples at which the ventricles beat, in order: the steepest place of each QRS, over all leads.
 *
 * @returns {number[]} indices; none when no lead has a beat
 */
export function beatsOf(signal) {
  const slope = steepness(signal);
  const threshold = 0.25 * typicalPeak(slope, Math.round(2 * signal.samplingRateHz));
  if (!(threshold > 0)) return [];
  return peaks(slope, threshold, Math.round(REFRACTORY_S * signal.samplingRateHz));
}

/**
 * The median of the most frequent kind of beat.
 *
 * @returns {{signal: object, nBeats: number, nFound: number, beforeS: number} | null} `signal` like a recording
 *   that is one beat long, with the QRS `beforeS` after its begin; null with fewer than two beats of a kind
 */
export function medianBeat(signal) {
  const found = beatsOf(signal).slice(0, MOST_BEATS);
  const window = windowOf(found, signal.samplingRateHz);
  const whole = found.filter(
    (at) =>
      at > window.before + 0.03 * signal.samplingRateHz &&
      at + window.after < signal.nSamples - 0.03 * signal.samplingRateHz,
  );
  const alike = oneKind(signal, whole);
  if (alike.length < 2) return null;
  const leads = signal.leads.map((samples, lead) =>
    signal.status[lead] === Status.MISSING
      ? samples.subarray(0, window.before + window.after)
      : medianOf(samples, alike, window),
  );
  return {
    signal: { ...signal, leads, nSamples: window.before + window.after },
    nBeats: alike.length,
    nFound: found.length,
    beforeS: window.before / signal.samplingRateHz,
  };
}

/**
 * How steep all leads are together, each by its own measure, over 80 ms: squared, so that a tall T wave stays small,
 * and counted only above three times what is usual in the lead, so that a noisy lead has little to say.
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

function smoothed(values, reach) {
  const sums = new Float64Array(values.length + 1);
  values.forEach((value, t) => (sums[t + 1] = sums[t] + value));
  return values.map((_, t) => {
    const [from, to] = [Math.max(0, t - reach), Math.min(values.length, t + reach + 1)];
    return (sums[to] - sums[from]) / (to - from);
  });
}

/** The median of the highest values of successive stretches: one artefact does not raise it. */
function typicalPeak(values, stretch) {
  const highest = [];
  for (let from = 0; from < values.length; from += stretch) {
    const part = values.subarray(from, from + stretch);
    if (part.length >= stretch / 2 || from === 0)
      highest.push(part.reduce((most, value) => Math.max(most, value), 0));
  }
  return middle(highest);
}

/** The highest place of each rise over `threshold`, the higher one where two are closer than `refractory`. */
function peaks(values, threshold, refractory) {
  const found = [];
  for (let t = 1; t < values.length - 1; t += 1) {
    if (values[t] < threshold || values[t] < values[t - 1] || values[t] <= values[t + 1]) continue;
    const last = found[found.length - 1];
    if (last === undefined || t - last >= refractory) found.push(t);
    else if (values[t] > values[last]) found[found.length - 1] = t;
  }
  return found;
}

/** From before the P wave to after the T wave, and never into the neighbours. */
function windowOf(beats, rate) {
  const distances = beats.slice(1).map((at, i) => at - beats[i]);
  const typical = distances.length > 0 ? middle(distances) : rate;
  return {
    before: Math.round(Math.min(0.3 * rate, 0.4 * typical)),
    after: Math.round(Math.min(0.5 * rate, 0.6 * typical)),
  };
}

/** The beats that look like the one that most others resemble, each moved to where it fits that one best. */
function oneKind(signal, beats) {
  const shapes = beats.map((at) => shapeOf(signal, at));
  const company = shapes.map(
    (shape) => shapes.filter((other) => correlation(shape, other) >= ROUGHLY_ALIKE).length,
  );
  const model = shapes[company.indexOf(Math.max(...company))];
  return beats
    .map((at) => fitted(signal, model, at))
    .filter(({ likeness }) => likeness >= ALIKE)
    .map(({ at }) => at);
}

/** The QRS of all leads at `at`, one after the other, each without its mean and trend. */
function shapeOf({ samplingRateHz, leads, status, nSamples }, at) {
  const reach = Math.round(QRS_S * samplingRateHz);
  const shape = [];
  leads.forEach((samples, lead) => {
    if (status[lead] === Status.MISSING) return;
    const part = [];
    for (let t = at - reach; t <= at + reach; t += 1)
      part.push(valueAt(samples, Math.min(Math.max(t, 0), nSamples - 1)));
    const [first, slope] = [part[0], (part[part.length - 1] - part[0]) / (part.length - 1)];
    const level = part.map((value, i) => value - first - slope * i); // a baseline that wanders is no difference
    const mean = level.reduce((sum, value) => sum + value, 0) / level.length;
    for (const value of level) shape.push(value - mean);
  });
  return shape;
}

function valueAt(samples, t) {
  return samples[t] === INVALID ? 0 : samples[t];
}

/** `at`, moved by up to 30 ms to where the beat is most like `model`. */
function fitted(signal, model, at) {
  const reach = Math.round(0.03 * signal.samplingRateHz);
  let best = { at, likeness: -Infinity };
  for (let shift = -reach; shift <= reach; shift += 1) {
    const likeness = correlation(model, shapeOf(signal, at + shift));
    if (likeness > best.likeness) best = { at: at + shift, likeness };
  }
  return best;
}

function correlation(one, other) {
  let [product, first, second] = [0, 0, 0];
  for (let i = 0; i < one.length; i += 1) {
    product += one[i] * other[i];
    first += one[i] * one[i];
    second += other[i] * other[i];
  }
  return product / Math.sqrt(first * second || 1);
}

/** Sample by sample the median over the beats, each moved so that its own median is 0: the baseline wanders. */
function medianOf(samples, beats, { before, after }) {
  const parts = beats.map((at) => levelled(samples.subarray(at - before, at + after)));
  const result = new Int16Array(before + after);
  for (let t = 0; t < result.length; t += 1) {
    const values = parts.map((part) => part[t]).filter((value) => !Number.isNaN(value));
    result[t] = values.length > 0 ? Math.round(middle(values)) : INVALID;
  }
  return result;
}

function levelled(part) {
  const values = Array.from(part, (value) => (value === INVALID ? NaN : value));
  const rest = middle(values.filter((value) => !Number.isNaN(value)));
  return values.map((value) => value - rest);
}

function middle(values) {
  const sorted = Array.from(values).sort((one, other) => one - other);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
