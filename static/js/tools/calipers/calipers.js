// The calipers as plain data: two legs, in seconds and millivolts of a lead instead of pixels. Pure.
//
// Interval legs snap to samples. Voltage legs keep their height unless a peak, a QRS edge or the baseline is
// near (snapping.js).
//
// After a click without movement, the second leg follows the pointer until the next click. Two clicks thus
// work like one drag.

import { cellAt } from "../../ecg/overlay.js";
import { LEADS } from "../../ecg/signal.js";
import { legNear, pointNear } from "./snapping.js";

/** @import { Cell, Point } from "../../ecg/types.js" */
/** @import { Measurement } from "../../desk/types.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */
/** @import { CaliperKind, CaliperState, Hand, Leg, Nudge, PlacedCalipers } from "../types.js" */

export const Kind = Object.freeze(/** @type {const} */ ({ INTERVAL: "interval", AMPLITUDE: "amplitude" }));

/**
 * Return calipers that are not placed yet.
 *
 * @param {CaliperKind} [kind]
 * @returns {CaliperState}
 */
export function idle(kind = Kind.INTERVAL) {
  return Object.freeze({
    kind,
    cell: null,
    legs: null,
    hand: null,
    isFresh: false,
    held: null,
    cycles: 1,
    isMarching: false,
  });
}

/**
 * @param {CaliperState} state
 * @returns {state is PlacedCalipers}
 */
export function isPlaced(state) {
  return state.legs !== null;
}

/**
 * Handle pointer down at `at`: place the leg that follows the pointer, grab the leg or bar there, or start a
 * new measurement.
 *
 * @param {CaliperState} state
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 * @param {number} reachMm
 * @returns {CaliperState}
 */
export function down(state, coordinates, at, reachMm) {
  if (state.hand !== null) return { ...move(state, coordinates, at), hand: null, isFresh: false };
  if (isPlaced(state)) {
    const grabbed = grabbedAt(state, coordinates, at, reachMm);
    if (grabbed !== null) return { ...state, hand: grabbed, isFresh: false, held: { at, legs: state.legs } };
  }
  const cell = cellFor(state.kind, coordinates, at);
  if (cell === null) return state;
  const leg = legAt(state.kind, coordinates, cell, at);
  return { ...state, cell, legs: [leg, leg], hand: 1, isFresh: true, held: null, cycles: 1 };
}

/**
 * Handle pointer move to `at`: move what is being dragged.
 *
 * @param {CaliperState} state
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 * @returns {CaliperState}
 */
export function move(state, coordinates, at) {
  if (state.hand === null || !isPlaced(state)) return state;
  if (state.hand === "both") return { ...state, legs: carried(state, coordinates, at) };
  return withLeg(state, state.hand, legAt(state.kind, coordinates, state.cell, at));
}

/**
 * Handle pointer up. `isClick` means that the pointer has not moved since it went down.
 *
 * @param {CaliperState} state
 * @param {{isClick: boolean}} press
 * @returns {CaliperState}
 */
export function up(state, { isClick }) {
  if (state.isFresh && isClick) return { ...state, isFresh: false };
  return state.hand === null ? state : { ...state, hand: null, isFresh: false };
}

/**
 * Place the calipers in the middle of `cell`, for keyboard use.
 *
 * @param {CaliperState} state
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @returns {PlacedCalipers}
 */
export function place(state, coordinates, cell) {
  const middle = (cell.startS + cell.endS) / 2;
  const half = Math.min(0.4, (cell.endS - cell.startS) / 4);
  /** @param {number} seconds */
  const leg = (seconds) => legOn(coordinates, cell, coordinates.snappedIn(cell, seconds));
  return {
    ...state,
    cell,
    legs: [leg(middle - half), leg(middle + half)],
    hand: null,
    isFresh: false,
    cycles: 1,
  };
}

/**
 * Move the legs to the cell `by` positions further, at the same times. If that cell does not show these
 * times, place them in its middle.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @param {number} by
 * @returns {PlacedCalipers}
 */
export function changeCell(state, coordinates, by) {
  const cells = coordinates.sheet.cells.filter((cell) => coordinates.isRecorded(cell));
  const next = cells[(cells.indexOf(state.cell) + by + cells.length) % cells.length];
  const isShown = state.legs.every(({ seconds }) => seconds >= next.startS && seconds < next.endS);
  if (!isShown) return { ...place(state, coordinates, next), cycles: state.cycles };
  const [one, other] = state.legs;
  return {
    ...state,
    cell: next,
    legs: [legOn(coordinates, next, one.seconds), legOn(coordinates, next, other.seconds)],
  };
}

/**
 * Move a leg by keyboard.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @param {0 | 1} leg
 * @param {Nudge} steps
 * @returns {PlacedCalipers}
 */
export function nudge(state, coordinates, leg, { right = 0, up = 0, isCoarse = false }) {
  const { seconds, millivolts } = state.legs[leg];
  const { sheet, signal } = coordinates;
  if (up !== 0 && state.kind === Kind.AMPLITUDE) {
    return withLeg(state, leg, {
      seconds,
      millivolts: millivolts + (up * (isCoarse ? 1 : 0.1)) / sheet.gainMmPerMv,
    });
  }
  const step = isCoarse ? 1 / sheet.speedMmPerS : 1 / signal.samplingRateHz;
  const target = seconds + (right + up) * step;
  if (state.kind === Kind.INTERVAL)
    return withLeg(state, leg, legOn(coordinates, state.cell, coordinates.snapped(target)));
  // A leg on the trace follows the trace; a leg above or below it keeps its height.
  const moved = coordinates.snappedIn(state.cell, target);
  const isOnTrace = Math.abs(millivolts - (coordinates.drawnMillivolts(state.cell, seconds) ?? 0)) < 1e-9;
  return withLeg(
    state,
    leg,
    isOnTrace ? legOn(coordinates, state.cell, moved) : { seconds: moved, millivolts },
  );
}

/**
 * Set the number of cycles between the legs, from 1 to 50.
 *
 * @param {CaliperState} state
 * @param {number} cycles
 * @returns {CaliperState}
 */
export function countCycles(state, cycles) {
  return { ...state, cycles: Math.min(Math.max(cycles, 1), 50) };
}

/**
 * @param {CaliperState} state
 * @param {boolean} isMarching
 * @returns {CaliperState}
 */
export function march(state, isMarching) {
  return { ...state, isMarching, kind: isMarching ? Kind.INTERVAL : state.kind };
}

/**
 * Return the measurement: `ms` and `perMinute` per cycle, or `mv` and `mm` from the first leg to the second.
 * The sign of `mv` is that of the lead itself, even if the lead is drawn upside down; `mm` has no sign.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @returns {{ms: number, perMinute: number | null, mv: number, mm: number}} values that do not apply to this
 *   kind are 0 or null
 */
export function reading({ kind, legs, cell, cycles }, coordinates) {
  const [one, other] = legs;
  if (kind === Kind.AMPLITUDE) {
    const mv = (other.millivolts - one.millivolts) * (cell.sign ?? 1);
    return { mv, mm: Math.abs(mv) * coordinates.sheet.gainMmPerMv, ms: 0, perMinute: null };
  }
  const ms = (Math.abs(other.seconds - one.seconds) * 1000) / cycles;
  return { ms, perMinute: ms > 0 ? 60000 / ms : null, mv: 0, mm: 0 };
}

/**
 * True if the measurement rounds to 0 ms or 0.00 mV, so there is nothing to attach.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 */
export function isNothing(state, coordinates) {
  const { ms, mv } = reading(state, coordinates);
  return state.kind === Kind.AMPLITUDE ? Math.abs(mv) < 0.005 : ms < 0.5;
}

/**
 * Return the measurement in the form that a reading stores.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @param {number | null} tracing null while the previous exam is displayed
 * @returns {Omit<Measurement, "tracing"> & {tracing: number | null}}
 */
export function measurement(state, coordinates, tracing) {
  const { kind, cell, legs, cycles } = state;
  const { mv, ms } = reading(state, coordinates);
  const [from, to] = legs.map(({ seconds }) => seconds).sort((one, other) => one - other);
  return {
    kind,
    tracing,
    lead: LEADS[cell.lead],
    from_s: rounded(from),
    to_s: rounded(to),
    value: rounded(kind === Kind.AMPLITUDE ? mv : ms),
    ...(cycles > 1 && kind === Kind.INTERVAL ? { n_cycles: cycles } : {}),
  };
}

/**
 * Return the positions in mm where the interval repeats along the row and where its cycles end, except those
 * of the legs.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 */
export function marks({ cell, legs, cycles }, coordinates) {
  const [from, to] = legs.map(({ seconds }) => seconds).sort((one, other) => one - other);
  const step = (to - from) / cycles;
  if (!(step >= 0.05)) return []; // shorter than any cardiac cycle, so there would be too many marks
  const { startS, endS } = coordinates.sheet.window;
  const marks = [];
  for (let k = Math.ceil((startS - from) / step - 1e-9); from + k * step <= endS + 1e-9; k += 1) {
    if (k !== 0 && k !== cycles) marks.push(coordinates.placeOf(cell, from + k * step).x);
  }
  return marks;
}

/**
 * Return how far the legs extend above and below the baseline, in mm.
 *
 * @param {SheetCoordinates} coordinates
 */
export function reachMm(coordinates) {
  return Math.min(16, Math.max(7, 0.62 * coordinates.pitchMm));
}

/**
 * @param {PlacedCalipers} state
 * @param {0 | 1} place
 * @param {Leg} leg
 * @returns {PlacedCalipers}
 */
function withLeg(state, place, leg) {
  const [one, other] = state.legs;
  return { ...state, legs: place === 0 ? [leg, other] : [one, leg] };
}

/**
 * Return the leg at `at`. An interval may extend along the whole row; an amplitude stays within one lead
 * segment.
 *
 * @param {CaliperKind} kind
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @param {Point} at
 * @returns {Leg}
 */
function legAt(kind, coordinates, cell, at) {
  return kind === Kind.AMPLITUDE
    ? legNear(coordinates, cell, at)
    : legOn(coordinates, cell, coordinates.secondsAt(cell, at.x));
}

/**
 * Return the lead segment that the reader points at: the nearest one or, for a voltage, one with a peak near
 * the pointer.
 *
 * @param {CaliperKind} kind
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 */
function cellFor(kind, coordinates, at) {
  const hit = cellAt(coordinates.sheet, at);
  const tall = kind === Kind.AMPLITUDE ? peakedAt(coordinates, at) : null;
  const cell = tall ?? hit?.cell;
  return cell && coordinates.isRecorded(cell) ? cell : null;
}

/**
 * Return the lead segment with the peak or QRS edge nearest to `at`. A tall wave may reach into the row
 * above.
 *
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 */
function peakedAt(coordinates, at) {
  const points = coordinates.sheet.cells
    .filter((cell) => at.x >= cell.leftMm && at.x < cell.rightMm && coordinates.isRecorded(cell))
    .flatMap((cell) => {
      const point = pointNear(coordinates, cell, at);
      return point ? [{ cell, offMm: point.offMm }] : [];
    })
    .sort((one, other) => one.offMm - other.offMm);
  return points[0]?.cell ?? null;
}

/**
 * @param {SheetCoordinates} coordinates
 * @param {Cell} cell
 * @param {number} seconds
 * @returns {Leg}
 */
function legOn(coordinates, cell, seconds) {
  return { seconds, millivolts: coordinates.drawnMillivolts(cell, seconds) ?? 0 };
}

/**
 * Return both legs moved with the pointer.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 * @returns {readonly [Leg, Leg]}
 */
function carried({ held, legs, cell, kind }, coordinates, at) {
  if (!held) return legs;
  const shift = (at.x - held.at.x) / coordinates.sheet.speedMmPerS;
  const isVoltage = kind === Kind.AMPLITUDE;
  const [one, other] = held.legs;
  /** @param {Leg} leg */
  const moved = ({ seconds }) =>
    isVoltage ? coordinates.snappedIn(cell, seconds + shift) : coordinates.snapped(seconds + shift);
  const [from, to] = [moved(one), moved(other)];
  const isSameDistance =
    Math.abs(to - from - (other.seconds - one.seconds)) < 0.5 / coordinates.signal.samplingRateHz;
  if (!isSameDistance) return held.legs; // keep the distance at the end of a segment
  if (!isVoltage) return [legOn(coordinates, cell, from), legOn(coordinates, cell, to)];
  const lift = (held.at.y - at.y) / coordinates.sheet.gainMmPerMv;
  return [
    { seconds: from, millivolts: one.millivolts + lift },
    { seconds: to, millivolts: other.millivolts + lift },
  ];
}

/**
 * Return the leg under the pointer, "both" if the pointer is on the bar between them, or null.
 *
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @param {Point} at
 * @param {number} reach
 * @returns {Hand}
 */
function grabbedAt(state, coordinates, at, reach) {
  const places = state.legs.map(({ seconds, millivolts }) =>
    coordinates.placeOf(state.cell, seconds, millivolts),
  );
  if (state.kind === Kind.AMPLITUDE) return grabbedVoltage(places, at, reach);
  const base = coordinates.placeOf(state.cell, state.cell.startS).y;
  if (Math.abs(at.y - base) > reachMm(coordinates) + reach) return null;
  const nearest = nearestOf(
    places.map(({ x }) => Math.abs(at.x - x)),
    reach,
  );
  if (nearest !== null) return nearest;
  const isOnBar =
    isBetween(
      at.x,
      places.map(({ x }) => x),
    ) && Math.abs(at.y - (base - reachMm(coordinates))) <= reach;
  return isOnBar ? "both" : null;
}

/**
 * @param {Point[]} places
 * @param {Point} at
 * @param {number} reach
 * @returns {Hand}
 */
function grabbedVoltage(places, at, reach) {
  const nearest = nearestOf(
    places.map(({ x, y }) => Math.hypot(at.x - x, at.y - y)),
    reach,
  );
  if (nearest !== null) return nearest;
  const isOnBar =
    isBetween(
      at.y,
      places.map(({ y }) => y),
    ) && Math.abs(at.x - barMm(places)) <= reach;
  return isOnBar ? "both" : null;
}

/**
 * Return the position of the bar between two levels: to the right of the measured wave.
 *
 * @param {Point[]} places
 */
export function barMm(places) {
  return Math.max(...places.map(({ x }) => x)) + 2.5;
}

/**
 * @param {number[]} away
 * @param {number} reach
 */
function nearestOf(away, reach) {
  const nearest = away[1] <= away[0] ? 1 : 0;
  return away[nearest] <= reach ? nearest : null;
}

/**
 * @param {number} value
 * @param {number[]} ends
 */
function isBetween(value, ends) {
  return value > Math.min(...ends) && value < Math.max(...ends);
}

/** @param {number} value */
function rounded(value) {
  return Math.round(value * 10000) / 10000;
}
