// How large a millimetre is on this screen, as measured against a bank card. Pure.
//
// A browser does not know the size of the screen it draws on. A card of the size every bank card has (ISO/IEC 7810
// ID-1) held against the glass tells it. What was measured holds for one screen at one magnification: another monitor
// or another browser zoom has to be measured itself, and each is remembered.

export const CARD_MM = Object.freeze({ width: 85.6, height: 53.98 });

/** From a wall of pixels to a telephone: what is outside was not measured with a card. */
export const PX_PER_MM = Object.freeze({ least: 1.5, most: 20, usual: 96 / 25.4 });

/** Monitors at work, at home and in between. */
const MOST_SCREENS = 8;

/** What tells one screen at one magnification from another. */
export function screenOf({ devicePixelRatio, screen }) {
  return { devicePixelRatio, widthPx: screen.width, heightPx: screen.height };
}

function isSame(one, other) {
  return ["devicePixelRatio", "widthPx", "heightPx"].every((key) => one[key] === other[key]);
}

/** CSS pixels per millimetre of `screen` among what was measured, or null: measure it. */
export function measured(measurements, screen) {
  return (measurements ?? []).find((one) => isSame(one, screen))?.pxPerMm ?? null;
}

/** `measurements` with this one, newest first. */
export function remember(measurements, screen, pxPerMm) {
  const others = (measurements ?? []).filter((one) => !isSame(one, screen));
  return [{ ...screen, pxPerMm }, ...others].slice(0, MOST_SCREENS);
}

/** `measurements` without that of `screen`. */
export function forget(measurements, screen) {
  return (measurements ?? []).filter((one) => !isSame(one, screen));
}

/** `pxPerMm` within what a screen can have. */
export function plausible(pxPerMm) {
  return Math.min(Math.max(pxPerMm, PX_PER_MM.least), PX_PER_MM.most);
}

/** How many times as large as on paper the sheet is seen: 1 is life size; null on a screen never measured. */
export function lifeSize(sheetPxPerMm, screenPxPerMm) {
  return screenPxPerMm === null ? null : sheetPxPerMm / screenPxPerMm;
}
