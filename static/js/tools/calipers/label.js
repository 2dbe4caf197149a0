// Positions a readout on the sheet so that it hides no lead name. Pure; in mm, y down.

/** @import { Box, Point } from "../../ecg/types.js" */

/** @typedef {{width: number, height: number}} BoxSize */

const GAP_MM = 1.2;

/**
 * Place a box of `size` beside `span`, inside `bounds` and clear of every box in `avoid`.
 *
 * @param {BoxSize} size
 * @param {Box} span the measured span that the readout belongs to
 * @param {Box[]} avoid
 * @param {Box} bounds
 * @returns {Point | null} the upper left corner; null if there is no free position
 */
export function placeLabel(size, span, avoid, bounds) {
  const middle = (span.left + span.right - size.width) / 2;
  const candidates = [
    { x: middle, y: span.top - GAP_MM - size.height }, // above
    { x: span.right + GAP_MM, y: span.top },
    { x: span.left - GAP_MM - size.width, y: span.top },
    { x: middle, y: span.bottom + GAP_MM }, // below
    { x: span.right + GAP_MM, y: span.bottom - size.height },
    { x: span.left - GAP_MM - size.width, y: span.bottom - size.height },
  ];
  return candidates.map((at) => within(at, size, bounds)).find((at) => isFree(at, size, avoid, span)) ?? null;
}

/**
 * Shift the readout sideways into `bounds`, so that it stays on the sheet near the edges.
 *
 * @param {Point} at
 * @param {BoxSize} size
 * @param {Box} bounds
 */
function within({ x, y }, { width }, bounds) {
  return { x: Math.min(Math.max(x, bounds.left), bounds.right - width), y, bounds };
}

/**
 * @param {Point & {bounds: Box}} at
 * @param {BoxSize} size
 * @param {Box[]} avoid
 * @param {Box} span
 */
function isFree({ x, y, bounds }, { width, height }, avoid, span) {
  if (y < bounds.top || y + height > bounds.bottom) return false;
  const box = { left: x, right: x + width, top: y, bottom: y + height };
  const isBeside =
    y + height <= span.top || y >= span.bottom || box.right <= span.left || box.left >= span.right;
  return isBeside && !avoid.some((other) => overlap(box, other));
}

/**
 * @param {Box} one
 * @param {Box} other
 */
function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
