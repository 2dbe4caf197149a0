// Formats the caliper readout in the reader's language. Pure.

import { Kind, reading } from "./calipers.js";

/** @import { Words } from "../../texts.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */
/** @import { PlacedCalipers } from "../types.js" */

/**
 * Return text such as "800 ms · 75 /min" or "1.24 mV · 12.4 mm". For several cycles, it includes their
 * number.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @param {Words} words
 * @param {string} language
 */
export function readout(state, coordinates, words, language) {
  const { mv, mm, ms, perMinute } = reading(state, coordinates);
  /**
   * @param {number} value
   * @param {number} digits
   */
  const number = (value, digits) =>
    value.toLocaleString(language, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: false,
    });
  if (state.kind === Kind.AMPLITUDE)
    return words("caliper-mv", { mv: signed(number(mv, 2)), mm: number(mm, 1) });
  const interval = words("caliper-ms", {
    ms: number(ms, 0),
    bpm: perMinute === null || perMinute > 999 ? "–" : number(perMinute, 0),
  });
  return state.cycles > 1 ? words("caliper-mean", { count: state.cycles, interval }) : interval;
}

/**
 * Use a true minus sign, and no sign for zero.
 *
 * @param {string} text
 */
function signed(text) {
  if (/^-0[.,]0*$/.test(text)) return text.slice(1);
  return text.replace("-", "−");
}
