// Decides what the lens shows: what lies below it, or the nearest wave. Pure; in mm, y down.

/** @import { Cell, Point } from "../../ecg/types.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */

/** Minimum height of the nearest wave inside the lens, so that more than its edge is visible. */
const SHOWN_MM = 3;

/**
 * Return the vertical center of the lens at `at`: `at.y` if a trace is visible there, otherwise just close
 * enough to make the nearest row visible.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 * @param {{width: number, height: number}} view size of the area that the lens shows
 */
export function lookAt(coordinates, { x, y }, { width, height }) {
  const reach = Math.max(0, height / 2 - SHOWN_MM);
  const spans = coordinates.sheet.cells
    .filter(({ leftMm, rightMm }) => rightMm > x - width / 2 && leftMm < x + width / 2)
    .map((cell) => spanOf(coordinates, cell, x - width / 2, x + width / 2));
  const ways = spans.map(({ top, bottom }) => Math.min(Math.max(y, top - reach), bottom + reach));
  return ways.length > 0
    ? ways.reduce((best, way) => (Math.abs(way - y) < Math.abs(best - y) ? way : best))
    : y;
}

/**
 * Return the highest and lowest point of the trace of `cell` from `leftMm` to `rightMm`. Samples without a
 * value count as being on the baseline.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @param {number} leftMm
 * @param {number} rightMm
 */
function spanOf(coordinates, cell, leftMm, rightMm) {
  const rate = coordinates.signal.samplingRateHz;
  const [from, to] = [Math.max(leftMm, cell.leftMm), Math.min(rightMm, cell.rightMm)].map((mm) =>
    coordinates.secondsAt(cell, mm),
  );
  let [top, bottom] = [Infinity, -Infinity];
  for (let t = Math.round(from * rate); t <= Math.round(to * rate); t += 1) {
    const { y } = coordinates.placeOf(cell, t / rate, coordinates.drawnMillivolts(cell, t / rate) ?? 0);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { top, bottom };
}
