// Where a read-out finds room on the sheet without hiding the name of a lead. Pure; everything in mm, y down.

const GAP_MM = 1.2;

/**
 * The place of a box of `size` beside `span`, inside `bounds` and clear of every box in `avoid`.
 *
 * @param {{width: number, height: number}} size
 * @param {{left: number, right: number, top: number, bottom: number}} span what the read-out belongs to
 * @returns {{x: number, y: number} | null} its upper left corner; null where nothing is free
 */
export function placeLabel(size, span, avoid, bounds) {
  const middle = (span.left + span.right - size.width) / 2;
  const wished = [
    { x: middle, y: span.top - GAP_MM - size.height }, // above
    { x: span.right + GAP_MM, y: span.top },
    { x: span.left - GAP_MM - size.width, y: span.top },
    { x: middle, y: span.bottom + GAP_MM }, // flipped below
    { x: span.right + GAP_MM, y: span.bottom - size.height },
    { x: span.left - GAP_MM - size.width, y: span.bottom - size.height },
  ];
  return wished.map((at) => within(at, size, bounds)).find((at) => isFree(at, size, avoid, span)) ?? null;
}

/** Moved sideways into `bounds`: at the edge of the sheet a read-out slides along what it belongs to. */
function within({ x, y }, { width }, bounds) {
  return { x: Math.min(Math.max(x, bounds.left), bounds.right - width), y, bounds };
}

function isFree({ x, y, bounds }, { width, height }, avoid, span) {
  if (y < bounds.top || y + height > bounds.bottom) return false;
  const box = { left: x, right: x + width, top: y, bottom: y + height };
  const isBeside =
    y + height <= span.top || y >= span.bottom || box.right <= span.left || box.left >= span.right;
  return isBeside && !avoid.some((other) => overlap(box, other));
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
