// What calipers say, in the reader's language. Pure.

import { Kind, reading } from "./calipers.js";

/** "800 ms · 75 /min", "1.24 mV · 12.4 mm", over several cycles with their number in front. */
export function say(state, ground, words, language) {
  const said = reading(state, ground);
  const number = (value, digits) =>
    value.toLocaleString(language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: false,
    });
  if (state.kind === Kind.AMPLITUDE)
    return words("caliper-mv", { mv: signed(number(said.mv, 2)), mm: number(said.mm, 1) });
  const interval = words("caliper-ms", {
    ms: number(said.ms, 0),
    bpm: said.perMinute === null || said.perMinute > 999 ? "–" : number(said.perMinute, 0),
  });
  return state.cycles > 1 ? words("caliper-mean", { count: state.cycles, interval }) : interval;
}

/** With the sign that is printed, and none before nought. */
function signed(text) {
  if (/^-0[.,]0*$/.test(text)) return text.slice(1);
  return text.replace("-", "−");
}
