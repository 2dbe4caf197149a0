// What lies over the sheet – calipers, intervals, evidence – and where a place of the sheet is in the recording.

import { svg } from "../svg.js";
import { LEADS } from "./signal.js";

/** From below to above: what the reader handles lies on top. */
const LAYERS = ["evidence", "calipers"];

/** An empty overlay; one user unit is a millimetre once it is fitted. */
export function createOverlay() {
  const layers = LAYERS.map((layer) => svg("g", { "data-layer": layer }));
  return svg("svg", { class: "overlay", preserveAspectRatio: "none" }, ...layers);
}

/** Lay `overlay` on `sheet`. */
export function fitOverlay(overlay, { widthMm, heightMm }) {
  overlay.setAttribute("viewBox", `0 0 ${widthMm} ${heightMm}`);
}

/** Where in the overlay `seconds` and `millivolts` (above the baseline, as drawn) of `cell` lie: `{x, y}` in mm, y down. */
export function placeOf(sheet, cell, { seconds, millivolts = 0 }) {
  return {
    x: cell.leftMm + (seconds - cell.startS) * sheet.speedMmPerS,
    y: sheet.heightMm - cell.baselineMm - millivolts * sheet.gainMmPerMv,
  };
}

/**
 * The stretch of a lead at a place of the overlay: the one whose baseline is nearest, of those drawn at that time.
 *
 * `millivolts` is the height above the baseline as drawn; where `cell.sign` is −1 the lead itself has the opposite sign.
 *
 * @returns {{cell: object, name: string, lead: number, seconds: number, millivolts: number} | null} null beside all traces
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
