// The SVG overlay on the sheet (calipers, evidence), and conversion from sheet positions to the recording.

import { svg } from "../svg.js";
import { LEADS } from "./signal.js";

/** @import { Cell, Point, Sheet, Size } from "./types.js" */

/** From bottom to top. Calipers are on top because the reader drags them. */
const LAYERS = ["evidence", "calipers"];

/** Create an empty overlay. Once fitted to a sheet, one user unit is a millimeter. */
export function createOverlay() {
  const layers = LAYERS.map((layer) => svg("g", { "data-layer": layer }));
  return svg("svg", { class: "overlay", preserveAspectRatio: "none" }, ...layers);
}

/**
 * @param {SVGSVGElement} overlay
 * @param {Size} sheet
 */
export function fitOverlay(overlay, { widthMm, heightMm }) {
  overlay.setAttribute("viewBox", `0 0 ${widthMm} ${heightMm}`);
}

/**
 * Return the overlay position of `seconds` and `millivolts` (above the baseline, as drawn) in `cell`.
 *
 * @param {Sheet} sheet
 * @param {Cell} cell
 * @param {{seconds: number, millivolts?: number}} position
 * @returns {Point}
 */
export function placeOf(sheet, cell, { seconds, millivolts = 0 }) {
  return {
    x: cell.leftMm + (seconds - cell.startS) * sheet.speedMmPerS,
    y: sheet.heightMm - cell.baselineMm - millivolts * sheet.gainMmPerMv,
  };
}

/**
 * Return the lead segment at a point: of the segments at its horizontal position, the one with the
 * nearest baseline.
 *
 * `millivolts` is the height above the baseline as drawn. If `cell.sign` is −1, the lead itself has the
 * opposite sign.
 *
 * @param {Sheet} sheet
 * @param {Point} at
 * @returns {{cell: Cell, name: string, lead: number, seconds: number, millivolts: number} | null} null
 *   outside all traces
 */
export function cellAt(sheet, { x, y }) {
  const up = sheet.heightMm - y;
  const near = sheet.cells
    .filter(({ leftMm, rightMm }) => x >= leftMm && x < rightMm)
    .sort((one, other) => Math.abs(one.baselineMm - up) - Math.abs(other.baselineMm - up));
  if (near.length === 0) return null;
  const [cell] = near;
  return {
    cell,
    name: LEADS[cell.lead],
    lead: cell.lead,
    seconds: cell.startS + (x - cell.leftMm) / sheet.speedMmPerS,
    millivolts: (up - cell.baselineMm) / sheet.gainMmPerMv,
  };
}
