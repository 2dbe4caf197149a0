// Computes the twelve leads with two or three electrodes exchanged. The equations of Einthoven and Goldberger
// make this exact. Pure.
//
// The central terminal is the mean of the three limb electrodes, so exchanging limb electrodes leaves the
// chest leads unchanged. The right leg electrode is not part of any lead, so the effect of exchanging it
// cannot be computed.

import { INVALID, LEADS } from "../../ecg/signal.js";

/** @import { Signal } from "../../ecg/types.js" */

/**
 * The positive and negative electrode of each limb lead. "WCT" is the mean of the other two electrodes.
 *
 * @type {Readonly<Record<string, readonly string[] | undefined>>}
 */
const LIMB = Object.freeze({
  I: ["LA", "RA"],
  II: ["LL", "RA"],
  III: ["LL", "LA"],
  aVR: ["RA", "WCT"],
  aVL: ["LA", "WCT"],
  aVF: ["LL", "WCT"],
});

/**
 * The exchanges in the menu. Each electrode takes the place of the other; the last two entries rotate three
 * electrodes.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, string>>>>}
 */
export const SWAPS = Object.freeze({
  "ra-la": { RA: "LA", LA: "RA" },
  "ra-ll": { RA: "LL", LL: "RA" },
  "la-ll": { LA: "LL", LL: "LA" },
  "v1-v2": { V1: "V2", V2: "V1" },
  "v2-v3": { V2: "V3", V3: "V2" },
  "v1-v3": { V1: "V3", V3: "V1" },
  "v3-v4": { V3: "V4", V4: "V3" },
  "v4-v5": { V4: "V5", V5: "V4" },
  "v5-v6": { V5: "V6", V6: "V5" },
  "ra-la-ll": { RA: "LA", LA: "LL", LL: "RA" },
  "ra-ll-la": { RA: "LL", LL: "LA", LA: "RA" },
});

/**
 * Return `signal` as it would be with the electrodes of `name` exchanged.
 *
 * @param {Signal} signal
 * @param {string} name a key of `SWAPS`
 * @returns {Signal}
 */
export function swapped(signal, name) {
  const places = SWAPS[name];
  if (!places) throw new RangeError(`unknown exchange: ${name}`);
  const sources = LEADS.map((lead) => sourceOf(lead, places));
  return {
    ...signal,
    leads: sources.map(({ lead, isInverted }) =>
      isInverted ? inverted(signal.leads[lead]) : signal.leads[lead],
    ),
    status: Uint8Array.from(sources, ({ lead }) => signal.status[lead]),
  };
}

/**
 * Return the recorded lead that lead `name` shows after the exchange, possibly inverted.
 *
 * @param {string} name
 * @param {Readonly<Record<string, string>>} places
 */
function sourceOf(name, places) {
  /** @param {string} electrode */
  const moved = (electrode) => places[electrode] ?? electrode;
  const limb = LIMB[name];
  if (!limb) return { lead: LEADS.indexOf(moved(name)), isInverted: false };
  const [to, from] = limb.map(moved);
  /** @param {string} plus @param {string} minus */
  const between = (plus, minus) =>
    LEADS.findIndex((lead) => LIMB[lead]?.[0] === plus && LIMB[lead]?.[1] === minus);
  const along = between(to, from);
  return { lead: along >= 0 ? along : between(from, to), isInverted: along < 0 };
}

/**
 * Invert the samples. -32768 means "no value" and has no opposite in 16 bits.
 *
 * @param {Int16Array} samples
 */
function inverted(samples) {
  return samples.map((value) => (value === INVALID ? INVALID : -value));
}
