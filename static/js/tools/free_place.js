// Finds places on the sheet where a box hides no signal and no lead name. Pure; in mm, y down.

/** @import { Box, Cell, Point } from "../ecg/types.js" */
/** @import { SheetCoordinates } from "./sheet_coordinates.js" */

const BIN_MM = 1;

/**
 * Return the leftmost free place for a box of this size along the upper edge, otherwise along the lower
 * edge. Null if there is none.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Box[]} names
 * @param {{width: number, height: number}} size
 * @returns {Point | null} the upper left corner
 */
export function freePlace(coordinates, names, { width, height }) {
  const { widthMm, heightMm } = coordinates.sheet;
  for (const top of [0, heightMm - height]) {
    const occupied = takenBins(coordinates, names, { top, bottom: top + height });
    const x = firstGap(occupied, Math.ceil(width / BIN_MM));
    if (x !== null && x * BIN_MM + width <= widthMm) return { x: x * BIN_MM, y: top };
  }
  return null;
}

/**
 * @param {SheetCoordinates} coordinates
 * @param {Box[]} names
 * @param {{top: number, bottom: number}} band
 */
function takenBins(coordinates, names, { top, bottom }) {
  const { sheet } = coordinates;
  const occupied = new Uint8Array(Math.ceil(sheet.widthMm / BIN_MM));
  /**
   * @param {number} from
   * @param {number} to
   */
  const take = (from, to) => occupied.fill(1, Math.max(0, Math.floor(from / BIN_MM)), Math.ceil(to / BIN_MM));
  for (const name of names) if (name.top < bottom && name.bottom > top) take(name.left, name.right);
  for (const { xMm, yMm } of sheet.pulses) {
    const heights = yMm.map((y) => sheet.heightMm - y);
    if (Math.min(...heights) < bottom && Math.max(...heights) > top) take(Math.min(...xMm), Math.max(...xMm));
  }
  for (const cell of sheet.cells) takeWaves(coordinates, cell, { top, bottom }, take);
  return occupied;
}

/**
 * Mark the columns of `band` that the trace crosses, including the strokes between samples.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @param {{top: number, bottom: number}} band
 * @param {(from: number, to: number) => void} take
 */
function takeWaves(coordinates, cell, { top, bottom }, take) {
  const rate = coordinates.signal.samplingRateHz;
  let before = null;
  for (let t = Math.ceil(cell.startS * rate - 1e-6); t < cell.endS * rate - 1e-6; t += 1) {
    const millivolts = coordinates.drawnMillivolts(cell, t / rate);
    const at = millivolts === null ? null : coordinates.placeOf(cell, t / rate, millivolts);
    if (at && Math.min(at.y, before?.y ?? at.y) < bottom && Math.max(at.y, before?.y ?? at.y) > top)
      take(at.x - 1, at.x + 1);
    before = at;
  }
}

/**
 * @param {Uint8Array} occupied
 * @param {number} width
 */
function firstGap(occupied, width) {
  let run = 0;
  for (let bin = 0; bin < occupied.length; bin += 1) {
    run = occupied[bin] ? 0 : run + 1;
    if (run >= width) return bin - width + 1;
  }
  return null;
}
