// The signal as it travels: the browser's half of ecgreview/ecg/wire.py, format "ECG1".

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

/** The sample that means "no value here". */
export const INVALID = -32768;

/** Where the samples of a lead come from; the numbers are those on the wire. */
export const Status = Object.freeze({ MISSING: 0, RECORDED: 1, DERIVED: 2 });

const MAGIC = 0x31474345; // "ECG1", little endian
const HEADER_BYTES = 36;

/** The bytes are not a signal of the form "ECG1". */
export class BadPacket extends Error {}

/**
 * The signal in `buffer`, which the browser has already inflated.
 *
 * @param {ArrayBuffer} buffer
 * @returns {{samplingRateHz: number, microvoltsPerLsb: number, nSamples: number, status: Uint8Array,
 *   leads: Int16Array[]}} twelve leads in the order of LEADS
 */
export function decode(buffer) {
  const nSamples = checkedLength(buffer);
  const view = new DataView(buffer);
  const low = new Uint8Array(buffer, HEADER_BYTES, 12 * nSamples);
  const high = new Uint8Array(buffer, HEADER_BYTES + 12 * nSamples, 12 * nSamples);
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

/** The number of samples per lead, once the size of the packet bears it out. */
function checkedLength(buffer) {
  if (buffer.byteLength < HEADER_BYTES)
    throw new BadPacket(`${buffer.byteLength} bytes are too few for a header`);
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new BadPacket("the packet does not begin with ECG1");
  const nSamples = view.getUint32(4, true);
  const expected = HEADER_BYTES + 24 * nSamples;
  if (buffer.byteLength !== expected) {
    throw new BadPacket(`expected ${expected} bytes for ${nSamples} samples, found ${buffer.byteLength}`);
  }
  return nSamples;
}

/** Undo the zigzag and the difference in time; an Int16Array wraps modulo 2^16 by itself. */
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

/** What I and II foretell of a limb lead, by Einthoven and Goldberger, in whole steps. */
const PREDICTIONS = {
  2: (one, two) => two - one,
  3: (one, two) => -((one + two) >> 1),
  4: (one, two) => (2 * one - two) >> 1,
  5: (one, two) => (2 * two - one) >> 1,
};

function withPrediction(values, lead, [one, two]) {
  const predict = PREDICTIONS[lead];
  if (!predict) return values;
  for (let t = 0; t < values.length; t += 1) values[t] += predict(one[t], two[t]);
  return values;
}
