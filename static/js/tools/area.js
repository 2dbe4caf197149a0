// A rectangle dragged over the sheet, as leads and seconds. Pure.

import { LEADS } from "../ecg/signal.js";

/** Narrower than this it was a click, not an area. */
const LEAST_MM = 1.5;

/**
 * The leads and the stretch of time between two places of the overlay.
 *
 * Going sideways stays in the row where it began; going up or down takes the rows in that are crossed.
 *
 * @returns {{leads: string[], fromS: number, toS: number, cells: object[]} | null}
 */
export function areaOf(ground, from, to) {
  const { sheet } = ground;
  const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
  if (right - left < LEAST_MM) return null;
  const cells = rowsBetween(ground, from.y, to.y).filter(
    ({ leftMm, rightMm }) => Math.min(right, rightMm) - Math.max(left, leftMm) >= LEAST_MM,
  );
  if (cells.length === 0) return null;
  const seconds = (x) => ground.secondsAt(sheet.cells[0], x);
  const shown = {
    leftMm: Math.min(...cells.map(({ leftMm }) => leftMm)),
    rightMm: Math.max(...cells.map(({ rightMm }) => rightMm)),
  };
  return {
    cells,
    leads: LEADS.filter((_, lead) => cells.some((cell) => cell.lead === lead)),
    fromS: seconds(Math.max(left, shown.leftMm)),
    toS: seconds(Math.min(right, shown.rightMm)),
  };
}

/** The cells of the rows from the one nearest to `fromY` to the one nearest to `toY`. */
function rowsBetween({ sheet }, fromY, toY) {
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

/** What a reading keeps of the area. */
export function localisation({ leads, fromS, toS }, tracing) {
  const rounded = (value) => Math.round(value * 10000) / 10000;
  return { tracing, leads, from_s: rounded(fromS), to_s: rounded(toS) };
}

/** Where an area shows on the sheet: a box for each stretch of its leads, in mm of the overlay. */
export function boxesOf(ground, { leads, from_s: fromS, to_s: toS }, reachMm) {
  return ground.sheet.cells
    .filter(({ lead, startS, endS }) => leads.includes(LEADS[lead]) && fromS < endS && toS > startS)
    .map((cell) => {
      const { x, y } = ground.placeOf(cell, Math.max(fromS, cell.startS));
      return {
        x,
        y: y - reachMm,
        width: ground.placeOf(cell, Math.min(toS, cell.endS)).x - x,
        height: 2 * reachMm,
      };
    });
}
