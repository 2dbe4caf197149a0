// Calipers as plain data: two legs in seconds and millivolts of a lead, never in pixels. Pure.
//
// Legs of an interval stand on samples. Legs of a voltage are free: each stays as high as it was put, unless a peak, an
// edge of the QRS or the baseline is near (snapping.js).
//
// `hand` is what the pointer moves now: a leg (0, 1), "both", or null. A press that does not move leaves the second
// leg in the hand, so that click-click does what dragging does.

import { cellAt } from "../ecg/overlay.js";
import { LEADS } from "../ecg/signal.js";
import { legNear, pointNear } from "./snapping.js";

export const Kind = Object.freeze({ INTERVAL: "interval", AMPLITUDE: "amplitude" });

/** Calipers that measure nothing yet. */
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

export function isPlaced({ legs }) {
  return legs !== null;
}

/** The pointer goes down at `at` (mm in the overlay): take up what is there, or begin anew. */
export function down(state, ground, at, reachMm) {
  if (state.hand !== null) return { ...move(state, ground, at), hand: null, isFresh: false };
  const grabbed = isPlaced(state) ? grabbedAt(state, ground, at, reachMm) : null;
  if (grabbed !== null) return { ...state, hand: grabbed, isFresh: false, held: { at, legs: state.legs } };
  const cell = cellFor(state.kind, ground, at);
  if (cell === null) return state;
  const leg = legAt(state.kind, ground, cell, at);
  return { ...state, cell, legs: [leg, leg], hand: 1, isFresh: true, held: null, cycles: 1 };
}

/** The pointer is at `at`: what is in the hand follows. */
export function move(state, ground, at) {
  if (state.hand === null) return state;
  if (state.hand === "both") return { ...state, legs: carried(state, ground, at) };
  return withLeg(state, state.hand, legAt(state.kind, ground, state.cell, at));
}

/** The pointer goes up; `isClick` when it has not moved since it went down. */
export function up(state, { isClick }) {
  if (state.isFresh && isClick) return { ...state, isFresh: false };
  return state.hand === null ? state : { ...state, hand: null, isFresh: false };
}

/** Calipers put down by key in the middle of what `cell` shows. */
export function place(state, ground, cell) {
  const middle = (cell.startS + cell.endS) / 2;
  const half = Math.min(0.4, (cell.endS - cell.startS) / 4);
  const legs = [middle - half, middle + half].map((seconds) =>
    legOn(ground, cell, ground.snappedIn(cell, seconds)),
  );
  return { ...state, cell, legs, hand: null, isFresh: false, cycles: 1 };
}

/** The same times on the cell that is `by` further; where it does not show them, its middle. */
export function changeCell(state, ground, by) {
  const cells = ground.sheet.cells.filter((cell) => ground.isRecorded(cell));
  const next = cells[(cells.indexOf(state.cell) + by + cells.length) % cells.length];
  const isShown = state.legs.every(({ seconds }) => seconds >= next.startS && seconds < next.endS);
  if (!isShown) return { ...place(state, ground, next), cycles: state.cycles };
  return { ...state, cell: next, legs: state.legs.map(({ seconds }) => legOn(ground, next, seconds)) };
}

/**
 * Move a leg by key: `right` and `up` count steps, of one sample and 0.1 mm, or of a millimetre when `isCoarse`.
 */
export function nudge(state, ground, leg, { right = 0, up = 0, isCoarse = false }) {
  const { seconds, millivolts } = state.legs[leg];
  const { sheet, signal } = ground;
  if (up !== 0 && state.kind === Kind.AMPLITUDE) {
    return withLeg(state, leg, {
      seconds,
      millivolts: millivolts + (up * (isCoarse ? 1 : 0.1)) / sheet.gainMmPerMv,
    });
  }
  const step = isCoarse ? 1 / sheet.speedMmPerS : 1 / signal.samplingRateHz;
  const wanted = seconds + (right + up) * step;
  if (state.kind === Kind.INTERVAL)
    return withLeg(state, leg, legOn(ground, state.cell, ground.snapped(wanted)));
  // A leg that stands on the trace follows it; one that was put above or below keeps its height.
  const moved = ground.snappedIn(state.cell, wanted);
  const isOnTrace = Math.abs(millivolts - (ground.drawnMillivolts(state.cell, seconds) ?? 0)) < 1e-9;
  return withLeg(state, leg, isOnTrace ? legOn(ground, state.cell, moved) : { seconds: moved, millivolts });
}

/** Say over how many cycles the legs reach; at least one. */
export function countCycles(state, cycles) {
  return { ...state, cycles: Math.min(Math.max(cycles, 1), 50) };
}

export function march(state, isMarching) {
  return { ...state, isMarching, kind: isMarching ? Kind.INTERVAL : state.kind };
}

/**
 * What the calipers say: per cycle `ms` and `perMinute`, or `mv` and `mm` from the first leg to the second; the
 * sign is the lead's own, also where it is drawn upside down.
 */
export function reading({ kind, legs, cell, cycles }, ground) {
  const [one, other] = legs;
  if (kind === Kind.AMPLITUDE) {
    const mv = (other.millivolts - one.millivolts) * (cell.sign ?? 1);
    return { mv, mm: Math.abs(mv) * ground.sheet.gainMmPerMv };
  }
  const ms = (Math.abs(other.seconds - one.seconds) * 1000) / cycles;
  return { ms, perMinute: ms > 0 ? 60000 / ms : null };
}

/** Does what is measured read as nothing, 0 ms or 0.00 mV? That is no measurement to keep. */
export function isNothing(state, ground) {
  const { ms, mv } = reading(state, ground);
  return state.kind === Kind.AMPLITUDE ? Math.abs(mv) < 0.005 : ms < 0.5;
}

/** The measurement in the form in which a reading keeps it. */
export function measurement(state, ground, tracing) {
  const { kind, cell, legs, cycles } = state;
  const said = reading(state, ground);
  const [from, to] = legs.map(({ seconds }) => seconds).sort((one, other) => one - other);
  return {
    kind,
    tracing,
    lead: LEADS[cell.lead],
    from_s: rounded(from),
    to_s: rounded(to),
    value: rounded(kind === Kind.AMPLITUDE ? said.mv : said.ms),
    ...(cycles > 1 && kind === Kind.INTERVAL ? { n_cycles: cycles } : {}),
  };
}

/** Where the interval would come again in the row, and where its cycles part: `{x}` in mm, the legs left out. */
export function marks({ cell, legs, cycles }, ground) {
  const [from, to] = legs.map(({ seconds }) => seconds).sort((one, other) => one - other);
  const step = (to - from) / cycles;
  if (!(step >= 0.05)) return []; // below any cycle of a heart the marks would be a wall
  const { startS, endS } = ground.sheet.window;
  const found = [];
  for (let k = Math.ceil((startS - from) / step - 1e-9); from + k * step <= endS + 1e-9; k += 1) {
    if (k !== 0 && k !== cycles) found.push(ground.placeOf(cell, from + k * step).x);
  }
  return found;
}

/** How far the legs reach above and below the baseline, in mm. */
export function reachMm(ground) {
  return Math.min(16, Math.max(7, 0.62 * ground.pitchMm));
}

function withLeg(state, place, leg) {
  return { ...state, legs: state.legs.map((old, i) => (i === place ? leg : old)) };
}

/** An interval goes on along the whole row; an amplitude is measured within one stretch. */
function legAt(kind, ground, cell, at) {
  return kind === Kind.AMPLITUDE
    ? legNear(ground, cell, at)
    : legOn(ground, cell, ground.secondsAt(cell, at.x));
}

/** The stretch that is meant at `at`: the nearest one, or for a voltage the one whose peak is there. */
function cellFor(kind, ground, at) {
  const found = cellAt(ground.sheet, at);
  const tall = kind === Kind.AMPLITUDE ? peakedAt(ground, at) : null;
  const cell = tall ?? found?.cell;
  return cell && ground.isRecorded(cell) ? cell : null;
}

/** The stretch that has a peak or an edge of its QRS nearest to `at`: a tall wave reaches into the row above. */
function peakedAt(ground, at) {
  const points = ground.sheet.cells
    .filter((cell) => at.x >= cell.leftMm && at.x < cell.rightMm && ground.isRecorded(cell))
    .map((cell) => ({ cell, point: pointNear(ground, cell, at) }))
    .filter(({ point }) => point !== null)
    .sort((one, other) => one.point.offMm - other.point.offMm);
  return points[0]?.cell ?? null;
}

function legOn(ground, cell, seconds) {
  return { seconds, millivolts: ground.drawnMillivolts(cell, seconds) ?? 0 };
}

function carried({ held, cell, kind }, ground, at) {
  const shift = (at.x - held.at.x) / ground.sheet.speedMmPerS;
  const isVoltage = kind === Kind.AMPLITUDE;
  const moved = held.legs.map(({ seconds }) =>
    isVoltage ? ground.snappedIn(cell, seconds + shift) : ground.snapped(seconds + shift),
  );
  const distance = (times) => times[1] - times[0];
  const isWhole =
    Math.abs(distance(moved) - distance(held.legs.map(({ seconds }) => seconds))) <
    0.5 / ground.signal.samplingRateHz;
  if (!isWhole) return held.legs; // not squeezed at an end
  if (!isVoltage) return moved.map((seconds) => legOn(ground, cell, seconds));
  const lift = (held.at.y - at.y) / ground.sheet.gainMmPerMv;
  return moved.map((seconds, i) => ({ seconds, millivolts: held.legs[i].millivolts + lift }));
}

/** The leg under the pointer, "both" between them on the bar, or null. */
function grabbedAt(state, ground, at, reach) {
  const places = state.legs.map(({ seconds, millivolts }) => ground.placeOf(state.cell, seconds, millivolts));
  if (state.kind === Kind.AMPLITUDE) return grabbedVoltage(places, at, reach);
  const base = ground.placeOf(state.cell, state.cell.startS).y;
  if (Math.abs(at.y - base) > reachMm(ground) + reach) return null;
  const nearest = nearestOf(
    places.map(({ x }) => Math.abs(at.x - x)),
    reach,
  );
  if (nearest !== null) return nearest;
  const isOnBar =
    isBetween(
      at.x,
      places.map(({ x }) => x),
    ) && Math.abs(at.y - (base - reachMm(ground))) <= reach;
  return isOnBar ? "both" : null;
}

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

/** Where the bar between two levels stands: at the right, off the wave that is measured. */
export function barMm(places) {
  return Math.max(...places.map(({ x }) => x)) + 2.5;
}

function nearestOf(away, reach) {
  const nearest = away[1] <= away[0] ? 1 : 0;
  return away[nearest] <= reach ? nearest : null;
}

function isBetween(value, ends) {
  return value > Math.min(...ends) && value < Math.max(...ends);
}

function rounded(value) {
  return Math.round(value * 10000) / 10000;
}
