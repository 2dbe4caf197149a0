// Snaps the legs of voltage calipers to a nearby peak, nadir, QRS edge or the baseline. Without one, a leg
// stays where the reader placed it. Pure.

/** @import { Cell, Point } from "../../ecg/types.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */
/** @import { Leg } from "../types.js" */

/** Snapping distance in mm of paper. */
export const NEAR_MM = Object.freeze({ point: 2, baseline: 1 });

/** A peak is the highest sample within this time on both sides. */
const PEAK_S = 0.04;

/** A peak is at least this far above the lowest sample within RISE_S on each side. */
const RISE_MV = 0.05;
const RISE_S = 0.08;

/**
 * Return the leg for the point `at` on `cell`, snapped if possible.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @param {Point} at
 * @returns {Leg}
 */
export function legNear(coordinates, cell, at) {
  const free = coordinates.legAt(cell, at);
  const point = pointNear(coordinates, cell, at);
  const level = coordinates.restingMillivolts(cell, free.seconds);
  const offMm = level === null ? Infinity : Math.abs(level - free.millivolts) * coordinates.sheet.gainMmPerMv;
  if (point && (point.offMm <= offMm || offMm > NEAR_MM.baseline)) return point.leg;
  return level !== null && offMm <= NEAR_MM.baseline ? { ...free, millivolts: level } : free;
}

/**
 * Return the nearest peak, nadir or QRS edge within NEAR_MM.point of `at`, or null.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @param {Point} at
 * @returns {{leg: Leg, offMm: number} | null}
 */
export function pointNear(coordinates, cell, at) {
  const rate = coordinates.signal.samplingRateHz;
  const { seconds } = coordinates.legAt(cell, at);
  const reach = Math.ceil((NEAR_MM.point / coordinates.sheet.speedMmPerS) * rate);
  const middle = Math.round(seconds * rate);
  const edges = new Set(coordinates.edges.flatMap(({ onset, end }) => [onset, end]));
  let best = null;
  for (let t = middle - reach; t <= middle + reach; t += 1) {
    if (coordinates.snappedIn(cell, t / rate) !== t / rate) continue; // outside the cell
    if (!edges.has(t) && !isTurn(coordinates, cell, t)) continue;
    const millivolts = coordinates.drawnMillivolts(cell, t / rate);
    if (millivolts === null) continue;
    const place = coordinates.placeOf(cell, t / rate, millivolts);
    const offMm = Math.hypot(place.x - at.x, place.y - at.y);
    if (offMm <= NEAR_MM.point && (best === null || offMm < best.offMm))
      best = { leg: { seconds: t / rate, millivolts }, offMm };
  }
  return best;
}

/**
 * True if sample `t` is a visible peak or nadir.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @param {number} t
 */
function isTurn(coordinates, cell, t) {
  const rate = coordinates.signal.samplingRateHz;
  /** @param {number} at */
  const value = (at) => coordinates.drawnMillivolts(cell, at / rate);
  const here = value(t);
  if (here === null) return false;
  const [near, far] = [PEAK_S, RISE_S].map((seconds) => Math.max(1, Math.round(seconds * rate)));
  /**
   * @param {number} step
   * @param {number} reach
   */
  const around = (step, reach) =>
    Array.from({ length: reach }, (_, i) => value(t + step * (i + 1))).filter((one) => one !== null);
  return [1, -1].some((sign) => {
    const isHighest = [-1, 1].every((step) =>
      around(step, near).every((one) => sign * (here - one) >= (step < 0 ? 1e-12 : 0)),
    );
    return (
      isHighest && [-1, 1].every((step) => around(step, far).some((one) => sign * (here - one) >= RISE_MV))
    );
  });
}
