// Calipers as plain data: two legs in seconds and millivolts of a lead, never in pixels. Pure.
//
// `hand` is what the pointer moves now: a leg (0, 1), "both", or null. A press that does not move leaves the second
// leg in the hand, so that click-click does what dragging does.

import { cellAt } from "../ecg/overlay.js";
import { LEADS } from "../ecg/signal.js";

export const Kind = Object.freeze({ INTERVAL: "interval", AMPLITUDE: "amplitude" });

/** Calipers that measure nothing yet. */
export function idle(kind = Kind.INTERVAL) {
  return Object.freeze({ kind, cell: null, legs: null, hand: null, isFresh: false, held: null, cycles: 1, isMarching: false });
}

export function isPlaced({ legs }) {
  return legs !== null;
}

/** The pointer goes down at `at` (mm in the overlay): take up what is there, or begin anew. */
export function down(state, ground, at, reachMm) {
  if (state.hand !== null) return { ...move(state, ground, at), hand: null, isFresh: false };
  const grabbed = isPlaced(state) ? grabbedAt(state, ground, at, reachMm) : null;
  if (grabbed !== null) return { ...state, hand: grabbed, isFresh: false, held: { at, legs: state.legs } };
  const found = cellAt(ground.sheet, at);
  if (!found || !ground.isRecorded(found.cell)) return state;
  const leg = legAt(state.kind, ground, found.cell, at);
  return { ...state, cell: found.cell, legs: [leg, leg], hand: 1, isFresh: true, held: null, cycles: 1 };
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
  const legs = [middle - half, middle + half].map((seconds) => legOn(ground, cell, ground.snappedIn(cell, seconds)));
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
    return withLeg(state, leg, { seconds, millivolts: millivolts + (up * (isCoarse ? 1 : 0.1)) / sheet.gainMmPerMv });
  }
  const step = isCoarse ? 1 / sheet.speedMmPerS : 1 / signal.samplingRateHz;
  const snap = state.kind === Kind.AMPLITUDE ? (wanted) => ground.snappedIn(state.cell, wanted) : (wanted) => ground.snapped(wanted);
  return withLeg(state, leg, legOn(ground, state.cell, snap(seconds + (right + up) * step)));
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

/** The measurement in the form in which a reading keeps it. */
export function measurement(state, ground, tracing) {
  const { kind, cell, legs, cycles } = state;
  const said = reading(state, ground);
  const [from, to] = legs.map(({ seconds }) => seconds).sort((one, other) => one - other);
  return {
    kind, tracing, lead: LEADS[cell.lead], from_s: rounded(from), to_s: rounded(to),
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

/** An interval goes on along the whole row; an amplitude is measured between samples of one stretch. */
function legAt(kind, ground, cell, { x }) {
  const seconds = ground.secondsAt(cell, x);
  return legOn(ground, cell, kind === Kind.AMPLITUDE ? ground.snappedIn(cell, seconds) : seconds);
}

function legOn(ground, cell, seconds) {
  return { seconds, millivolts: ground.drawnMillivolts(cell, seconds) ?? 0 };
}

function carried({ held, cell, kind }, ground, { x }) {
  const [shift, times] = [(x - held.at.x) / ground.sheet.speedMmPerS, held.legs.map(({ seconds }) => seconds)];
  const moved = times.map((seconds) => (kind === Kind.AMPLITUDE ? ground.snappedIn(cell, seconds + shift) : ground.snapped(seconds + shift)));
  const isWhole = Math.abs(moved[1] - moved[0] - (times[1] - times[0])) < 0.5 / ground.signal.samplingRateHz;
  return isWhole ? moved.map((seconds) => legOn(ground, cell, seconds)) : held.legs; // not squeezed at an end
}

/** The leg under the pointer, "both" between them on the bar, or null. */
function grabbedAt(state, ground, at, reach) {
  const places = state.legs.map(({ seconds, millivolts }) => ground.placeOf(state.cell, seconds, millivolts));
  const base = ground.placeOf(state.cell, state.cell.startS).y;
  if (Math.abs(at.y - base) > reachMm(ground) + reach) return null;
  const away = places.map(({ x, y }) => (state.kind === Kind.AMPLITUDE ? Math.hypot(at.x - x, at.y - y) : Math.abs(at.x - x)));
  const nearest = away[1] <= away[0] ? 1 : 0;
  if (away[nearest] <= reach) return nearest;
  const [left, right] = places.map(({ x }) => x).sort((one, other) => one - other);
  const isOnBar = at.x > left && at.x < right && Math.abs(at.y - (base - reachMm(ground))) <= reach;
  return isOnBar ? "both" : null;
}

function rounded(value) {
  return Math.round(value * 10000) / 10000;
}
