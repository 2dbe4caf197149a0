// Where the lens looks: at what lies under it, or at the nearest wave. Pure; in mm, y down.

/** @import { Cell, Point } from "../../ecg/types.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */

/** How much of the nearest wave is in view, so that it is more than its edge. */
const SHOWN_MM = 3;

/**
 * Vertical center of the lens at `at`: `at.y` where there is something to see, otherwise moved just enough to
 * bring the nearest row into view.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 * @param {{width: number, height: number}} view what the lens shows
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
 * Highest and lowest point of the trace of `cell` from `leftMm` to `rightMm`; its baseline where nothing is
 * recorded.
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
