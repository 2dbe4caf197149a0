// How large a millimeter is on this screen, calibrated with a bank card. Pure.
//
// A browser does not know the physical size of its screen. A card of the standard size (ISO/IEC 7810 ID-1)
// held against the glass tells it. A calibration holds for one screen at one zoom level; another monitor or
// browser zoom needs its own, and each is remembered.

/**
 * @typedef {{devicePixelRatio: number, widthPx: number, heightPx: number}} Screen a screen at one zoom
 *   level
 */

/** @typedef {Screen & {pxPerMm: number}} Calibration */

export const CARD_MM = Object.freeze({ width: 85.6, height: 53.98 });

/** From a video wall to a phone; values outside were not measured with a card. */
export const PX_PER_MM = Object.freeze({ min: 1.5, max: 20, typical: 96 / 25.4 });

const MAX_SCREENS = 8;

/**
 * What distinguishes one screen at one zoom level from another.
 *
 * @param {{devicePixelRatio: number, screen: {width: number, height: number}}} window
 * @returns {Screen}
 */
export function screenOf({ devicePixelRatio, screen }) {
  return { devicePixelRatio, widthPx: screen.width, heightPx: screen.height };
}

/**
 * @param {Screen} one
 * @param {Screen} other
 */
function isSame(one, other) {
  return (
    one.devicePixelRatio === other.devicePixelRatio &&
    one.widthPx === other.widthPx &&
    one.heightPx === other.heightPx
  );
}

/**
 * CSS pixels per millimeter of `screen`, or null when it is not calibrated.
 *
 * @param {Calibration[] | null} calibrations
 * @param {Screen} screen
 */
export function calibrated(calibrations, screen) {
  return (calibrations ?? []).find((one) => isSame(one, screen))?.pxPerMm ?? null;
}

/**
 * `calibrations` with this one added, newest first.
 *
 * @param {Calibration[] | null} calibrations
 * @param {Screen} screen
 * @param {number} pxPerMm
 */
export function remember(calibrations, screen, pxPerMm) {
  const others = (calibrations ?? []).filter((one) => !isSame(one, screen));
  return [{ ...screen, pxPerMm }, ...others].slice(0, MAX_SCREENS);
}

/**
 * `calibrations` without that of `screen`.
 *
 * @param {Calibration[] | null} calibrations
 * @param {Screen} screen
 */
export function forget(calibrations, screen) {
  return (calibrations ?? []).filter((one) => !isSame(one, screen));
}

/**
 * `pxPerMm` clamped to what a screen can have.
 *
 * @param {number} pxPerMm
 */
export function plausible(pxPerMm) {
  return Math.min(Math.max(pxPerMm, PX_PER_MM.min), PX_PER_MM.max);
}

/**
 * Size on screen relative to paper: 1 is actual size; null on an uncalibrated screen.
 *
 * @param {number} sheetPxPerMm
 * @param {number | null} screenPxPerMm
 */
export function magnification(sheetPxPerMm, screenPxPerMm) {
  return screenPxPerMm === null ? null : sheetPxPerMm / screenPxPerMm;
}
