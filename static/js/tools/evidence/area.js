// Converts a rectangle dragged over the sheet to leads and seconds. Pure.

import { LEADS } from "../../ecg/signal.js";

/** @import { Cell, Point, Box } from "../../ecg/types.js" */
/** @import { Localization } from "../../desk/types.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */

/** @typedef {{leads: string[], fromS: number, toS: number}} Area */

/** Narrower drags count as clicks. */
const MIN_MM = 1.5;

/**
 * Return the leads and the time span between two points of the overlay.
 *
 * A horizontal drag stays in the row where it began. A vertical drag adds the rows that it crosses.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Point} from
 * @param {Point} to
 * @returns {(Area & {cells: Cell[]}) | null} null if the points are too close together or no lead is between
 *   them
 */
export function areaOf(coordinates, from, to) {
  const { sheet } = coordinates;
  const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
  if (right - left < MIN_MM) return null;
  const cells = rowsBetween(coordinates, from.y, to.y).filter(
    ({ leftMm, rightMm }) => Math.min(right, rightMm) - Math.max(left, leftMm) >= MIN_MM,
  );
  if (cells.length === 0) return null;
  /** @param {number} x */
  const seconds = (x) => coordinates.secondsAt(sheet.cells[0], x);
  const part = {
    leftMm: Math.min(...cells.map(({ leftMm }) => leftMm)),
    rightMm: Math.max(...cells.map(({ rightMm }) => rightMm)),
  };
  return {
    cells,
    leads: LEADS.filter((_, lead) => cells.some((cell) => cell.lead === lead)),
    fromS: seconds(Math.max(left, part.leftMm)),
    toS: seconds(Math.min(right, part.rightMm)),
  };
}

/**
 * Return the cells of the rows between `fromY` and `toY`, including the rows nearest to both.
 *
 * @param {SheetCoordinates} coordinates
 * @param {number} fromY
 * @param {number} toY
 */
function rowsBetween({ sheet }, fromY, toY) {
  /** @param {number} y */
  const rowAt = (y) =>
    sheet.cells.reduce(
      (best, { baselineMm }) =>
        Math.abs(sheet.heightMm - baselineMm - y) < Math.abs(sheet.heightMm - best - y) ? baselineMm : best,
      Infinity,
    );
  const [one, other] = [rowAt(fromY), rowAt(toY)];
  return sheet.cells.filter(
    ({ baselineMm }) => baselineMm >= Math.min(one, other) && baselineMm <= Math.max(one, other),
  );
}

/**
 * Return the area in the form that a reading stores.
 *
 * @param {Area} area
 * @param {number | null} tracing null while the previous exam is displayed
 * @returns {Omit<Localization, "tracing"> & {tracing: number | null}}
 */
export function localization({ leads, fromS, toS }, tracing) {
  /** @param {number} value */
  const rounded = (value) => Math.round(value * 10000) / 10000;
  return { tracing, leads, from_s: rounded(fromS), to_s: rounded(toS) };
}

/**
 * Return the boxes that show an area on the sheet, one for each visible segment of its leads.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Pick<Localization, "leads" | "from_s" | "to_s">} area
 * @param {number} reachMm
 */
export function boxesOf(coordinates, { leads, from_s: fromS, to_s: toS }, reachMm) {
  return coordinates.sheet.cells
    .filter(({ lead, startS, endS }) => leads.includes(LEADS[lead]) && fromS < endS && toS > startS)
    .map((cell) => {
      const { x, y } = coordinates.placeOf(cell, Math.max(fromS, cell.startS));
      return {
        x,
        y: y - reachMm,
        width: coordinates.placeOf(cell, Math.min(toS, cell.endS)).x - x,
        height: 2 * reachMm,
      };
    });
}
