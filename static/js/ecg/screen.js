// The physical size of a pixel on this screen, calibrated with a bank card. Pure.
//
// A browser does not know the physical size of its screen, so the reader holds a card of the standard size
// (ISO/IEC 7810 ID-1) against it. A calibration is valid for one screen at one zoom level. Another monitor
// or zoom level needs its own; the last eight are remembered.

/**
 * @typedef {{devicePixelRatio: number, widthPx: number, heightPx: number}} Screen a screen at one zoom level
 */

/** @typedef {Screen & {pxPerMm: number}} Calibration */

export const CARD_MM = Object.freeze({ width: 85.6, height: 53.98 });

/** Plausible scales, from a video wall to a phone. Others cannot come from measuring a card. */
export const PX_PER_MM = Object.freeze({ min: 1.5, max: 20, typical: 96 / 25.4 });

const MAX_SCREENS = 8;

/**
 * Return the properties that identify one screen at one zoom level.
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
 * Return the CSS pixels per millimeter of `screen`, or null if it is not calibrated.
 *
 * @param {Calibration[] | null} calibrations
 * @param {Screen} screen
 */
export function calibrated(calibrations, screen) {
  return (calibrations ?? []).find((one) => isSame(one, screen))?.pxPerMm ?? null;
}

/**
 * Return the newest MAX_SCREENS calibrations, newest first, after adding or replacing that of `screen`.
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
 * Return `calibrations` without the one for `screen`.
 *
 * @param {Calibration[] | null} calibrations
 * @param {Screen} screen
 */
export function forget(calibrations, screen) {
  return (calibrations ?? []).filter((one) => !isSame(one, screen));
}

/**
 * Clamp `pxPerMm` to plausible values.
 *
 * @param {number} pxPerMm
 */
export function plausible(pxPerMm) {
  return Math.min(Math.max(pxPerMm, PX_PER_MM.min), PX_PER_MM.max);
}

/**
 * Return the size on screen relative to paper: 1 is actual size. Null if the screen is not calibrated.
 *
 * @param {number} sheetPxPerMm
 * @param {number | null} screenPxPerMm
 */
export function magnification(sheetPxPerMm, screenPxPerMm) {
  return screenPxPerMm === null ? null : sheetPxPerMm / screenPxPerMm;
}
