// Decodes the signal format "ECG1"; ecgreview/ecg/wire.py encodes it.

/** @import { Signal } from "./types.js" */

/** @type {readonly string[]} */
export const LEADS = Object.freeze([
  "I",
  "II",
  "III",
  "aVR",
  "aVL",
  "aVF",
  "V1",
  "V2",
  "V3",
  "V4",
  "V5",
  "V6",
]);

/** The sample value that means "no value". */
export const INVALID = -32768;

/** Where a lead's samples come from. The numbers are those of the packet format. */
export const Status = Object.freeze({ MISSING: 0, RECORDED: 1, DERIVED: 2 });

const MAGIC = 0x31474345; // "ECG1", little endian
const HEADER_BYTES = 36;

/** The bytes are not an "ECG1" packet. */
export class BadPacket extends Error {}

/**
 * Decode the signal in `buffer`, which the browser has already decompressed.
 *
 * @param {ArrayBuffer} buffer
 * @returns {Signal} twelve leads in the order of `LEADS`
 * @throws {BadPacket}
 */
export function decode(buffer) {
  const nSamples = checkedLength(buffer);
  const view = new DataView(buffer);
  const low = new Uint8Array(buffer, HEADER_BYTES, 12 * nSamples);
  const high = new Uint8Array(buffer, HEADER_BYTES + 12 * nSamples, 12 * nSamples);
  /** @type {Int16Array[]} */
  const leads = [];
  for (let lead = 0; lead < 12; lead += 1) {
    const from = lead * nSamples;
    const rest = undifferenced(low.subarray(from, from + nSamples), high.subarray(from, from + nSamples));
    leads.push(withPrediction(rest, lead, leads));
  }
  return {
    samplingRateHz: view.getFloat64(8, true),
    microvoltsPerLsb: view.getFloat64(16, true),
    nSamples,
    status: new Uint8Array(buffer.slice(24, HEADER_BYTES)),
    leads,
  };
}

/**
 * Return the number of samples per lead, checked against the packet size.
 *
 * @param {ArrayBuffer} buffer
 */
function checkedLength(buffer) {
  if (buffer.byteLength < HEADER_BYTES)
    throw new BadPacket(`${buffer.byteLength} bytes are too few for a header`);
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new BadPacket("the packet does not start with ECG1");
  const nSamples = view.getUint32(4, true);
  const expected = HEADER_BYTES + 24 * nSamples;
  if (buffer.byteLength !== expected) {
    throw new BadPacket(`expected ${expected} bytes for ${nSamples} samples, found ${buffer.byteLength}`);
  }
  return nSamples;
}

/**
 * Undo the zigzag and delta encoding. An Int16Array wraps modulo 2^16, as the encoder does.
 *
 * @param {Uint8Array} low
 * @param {Uint8Array} high
 */
function undifferenced(low, high) {
  const values = new Int16Array(low.length);
  let value = 0;
  for (let t = 0; t < low.length; t += 1) {
    const zigzag = low[t] | (high[t] << 8);
    value += (zigzag >>> 1) ^ -(zigzag & 1);
    values[t] = value;
    value = values[t];
  }
  return values;
}

/**
 * Limb leads predicted from I and II by the equations of Einthoven and Goldberger, in integer
 * arithmetic.
 *
 * @type {Record<number, (one: number, two: number) => number>}
 */
const PREDICTIONS = {
  2: (one, two) => two - one,
  3: (one, two) => -((one + two) >> 1),
  4: (one, two) => (2 * one - two) >> 1,
  5: (one, two) => (2 * two - one) >> 1,
};

/**
 * @param {Int16Array} values
 * @param {number} lead
 * @param {Int16Array[]} limb
 */
function withPrediction(values, lead, [one, two]) {
  const predict = PREDICTIONS[lead];
  if (!predict) return values;
  for (let t = 0; t < values.length; t += 1) values[t] += predict(one[t], two[t]);
  return values;
}
