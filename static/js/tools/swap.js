// What the twelve leads would be had two electrodes been exchanged: exact, by Einthoven and Goldberger. Pure.
//
// The central terminal is the mean of the three limb electrodes, so that exchanging these leaves the chest leads alone.
// The electrode of the right leg is in none of the leads: what exchanging it does cannot be computed from them.

import { INVALID, LEADS } from "../ecg/signal.js";

/** Which electrode each limb lead looks at, and from where: "WCT" stands for the other two. */
const LIMB = Object.freeze({
  I: ["LA", "RA"],
  II: ["LL", "RA"],
  III: ["LL", "LA"],
  aVR: ["RA", "WCT"],
  aVL: ["LA", "WCT"],
  aVF: ["LL", "WCT"],
});

/** The exchanges on offer: each electrode is put where its partner was; the last two go round in a circle. */
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

/** `signal` as it would be with the electrodes of `name` exchanged. */
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

/** The recorded lead that the lead called `name` shows after the exchange. */
function sourceOf(name, places) {
  const moved = (electrode) => places[electrode] ?? electrode;
  if (!LIMB[name]) return { lead: LEADS.indexOf(moved(name)), isInverted: false };
  const [to, from] = LIMB[name].map(moved);
  const along = Object.keys(LIMB).find((lead) => LIMB[lead][0] === to && LIMB[lead][1] === from);
  const against = Object.keys(LIMB).find((lead) => LIMB[lead][0] === from && LIMB[lead][1] === to);
  return { lead: LEADS.indexOf(along ?? against), isInverted: along === undefined };
}

/** -32768 means "no value" and has no opposite among sixteen bits. */
function inverted(samples) {
  return samples.map((value) => (value === INVALID ? INVALID : -value));
}
