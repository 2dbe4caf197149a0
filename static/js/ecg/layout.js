// Where each lead lies on the sheet, in millimetres. Pure geometry: no signal, no page, no plot.
//
// x grows to the right and y upwards, from the lower left corner of the paper. Baselines, the start of
// the traces and the calibration pulse lie on lines of the 5 mm ruling, so that the eye can count squares.

import { LEADS } from "./signal.js";

/** The strip on the left that holds the calibration pulse. */
export const GUTTER_MM = 15;

/** The trace of ten seconds at 25 mm/s. */
const TRACE_MM = 250;

/** CODE exams last 10.24 s: a little more than the paper is shown whole rather than cut. */
const TOLERANCE = 1.05;

const RIGHT_MARGIN_MM = 1;

/** The pulse lasts as long on every recorder, and so tells the speed as its height tells the gain. */
const PULSE_S = 0.2;

/** The limb leads from left to right around the heart; aVR is turned over, and its name says so. */
const CABRERA = Object.freeze(["aVL", "I", "−aVR", "II", "aVF", "III"]);
const CHEST = LEADS.slice(6);

/** How the twelve leads may be named and sorted. */
export const ORDERS = Object.freeze({
  standard: LEADS,
  cabrera: Object.freeze([...CABRERA, ...CHEST]),
});

/** Leads that may run over the whole width below 3 × 4. */
export const RHYTHMS = Object.freeze([["II"], ["V1"], ["V5"], ["II", "V1", "V5"], []].map(Object.freeze));

/** Of how many leads a column has, and what paper its rows take. A whole width is `columns: 1`. */
export const ARRANGEMENTS = Object.freeze({
  "3x4": { columns: 4, hasRhythm: true, pitchMm: 40, topMm: 30, bottomMm: 15 },
  "6x2": { columns: 2, hasRhythm: false, pitchMm: 25, topMm: 25, bottomMm: 15 },
  "12x1": { columns: 1, hasRhythm: false, pitchMm: 15, topMm: 15, bottomMm: 10 },
});

/** Six rows have to fit the height of a page of A4. */
const CLOSER = Object.freeze({ pitchMm: 30, topMm: 25 });
const MOST_ROWS_AT_EASE = 4;

export const SPEEDS_MM_PER_S = Object.freeze([12.5, 25, 50]);
export const GAINS_MM_PER_MV = Object.freeze([2.5, 5, 10, 20]);

export const DEFAULT_SETTINGS = Object.freeze({
  arrangement: "3x4",
  rhythm: RHYTHMS[0],
  order: "standard",
  speedMmPerS: 25,
  gainMmPerMv: 10,
  filter: "off",
});

/** How many sheets a recording of `durationS` needs. */
export function pageCount(durationS, speedMmPerS) {
  const pageS = TRACE_MM / speedMmPerS;
  return durationS <= pageS * TOLERANCE ? 1 : Math.ceil(durationS / pageS);
}

/**
 * The sheet for a recording.
 *
 * @param {{durationS: number, arrangement?: string, rhythm?: string[], order?: string, speedMmPerS?: number,
 *   gainMmPerMv?: number, page?: number, headMm?: number, footMm?: number}} asked
 *   `page` counts from 0 and matters for recordings longer than the paper; `headMm` and `footMm` are whole
 *   squares of paper added above and below for tall waves.
 * @returns {object} `widthMm`, `heightMm`, the settings, the `window` in seconds, and `cells`: one per stretch
 *   of a lead with its `name`, `lead` (row in LEADS), `sign` (−1: drawn upside down), `row`, `leftMm`, `rightMm`,
 *   `baselineMm`, `startS`, `endS`; `pulses`: the calibration pulse as polylines; `isClose`: rows so close that
 *   names belong into the gutter.
 */
export function arrange({ durationS, page = 0, headMm = 0, footMm = 0, ...asked }) {
  const settings = { ...DEFAULT_SETTINGS, ...asked };
  const plan = planOf(settings);
  const window = shownWindow(durationS, settings.speedMmPerS, page);
  const heightMm = headMm + plan.topMm + plan.pitchMm * (plan.rows - 1) + plan.bottomMm + footMm;
  const baselineMm = (row) => heightMm - headMm - plan.topMm - plan.pitchMm * row;
  const traceMm = Math.max(TRACE_MM, (window.endS - window.startS) * settings.speedMmPerS);
  const isClose = plan.columns.length === 1;
  return Object.freeze({
    ...settings,
    window,
    widthMm: GUTTER_MM + traceMm + RIGHT_MARGIN_MM,
    heightMm,
    isClose,
    cells: cellsOf(plan, window, settings.speedMmPerS, baselineMm),
    pulses: pulseRows(isClose, plan.rows).map((row) => pulse(baselineMm(row), settings)),
  });
}

function planOf({ arrangement, order, rhythm }) {
  const plan = ARRANGEMENTS[arrangement];
  const names = ORDERS[order];
  if (!plan) throw new RangeError(`unknown arrangement: ${arrangement}`);
  if (!names) throw new RangeError(`unknown order of leads: ${order}`);
  const perColumn = names.length / plan.columns;
  const columns = Array.from({ length: plan.columns }, (_, i) =>
    names.slice(i * perColumn, (i + 1) * perColumn),
  );
  const strips = plan.hasRhythm ? rhythm : [];
  const rows = perColumn + strips.length;
  const distances = plan.hasRhythm && rows > MOST_ROWS_AT_EASE ? CLOSER : {};
  return { ...plan, ...distances, columns, rhythm: strips, rows };
}

function shownWindow(durationS, speedMmPerS, page) {
  const pages = pageCount(durationS, speedMmPerS);
  if (pages === 1) return { startS: 0, endS: durationS, pages };
  const pageS = TRACE_MM / speedMmPerS;
  const startS = Math.min(Math.max(page, 0), pages - 1) * pageS;
  return { startS, endS: Math.min(startS + pageS, durationS), pages };
}

/** Columns share the window evenly, so that a recording of 7 s still shows every lead. */
function cellsOf(plan, { startS, endS }, speedMmPerS, baselineMm) {
  const columnS = (endS - startS) / plan.columns.length;
  const cell = (name, row, fromS, toS) => {
    const mm = (seconds) => GUTTER_MM + (seconds - startS) * speedMmPerS;
    const isTurned = name.startsWith("−");
    return {
      name,
      row,
      lead: LEADS.indexOf(isTurned ? name.slice(1) : name),
      sign: isTurned ? -1 : 1,
      leftMm: mm(fromS),
      rightMm: mm(toS),
      baselineMm: baselineMm(row),
      startS: fromS,
      endS: toS,
    };
  };
  const grid = plan.columns.flatMap((names, column) =>
    names.map((name, row) => cell(name, row, startS + column * columnS, startS + (column + 1) * columnS)),
  );
  const strips = plan.rhythm.map((name, strip) => cell(name, plan.columns[0].length + strip, startS, endS));
  return [...grid, ...strips];
}

/** Close rows have room for one pulse only. */
function pulseRows(isClose, rows) {
  return isClose ? [rows - 1] : [...Array(rows).keys()];
}

/** 1 mV for 200 ms: at the standard settings ten millimetres high and five wide, on lines of the 5 mm ruling. */
function pulse(baselineMm, { gainMmPerMv, speedMmPerS }) {
  const widthMm = PULSE_S * speedMmPerS;
  const left = widthMm > 5 ? 2 : 5;
  const right = left + widthMm;
  const top = baselineMm + gainMmPerMv;
  const foot = Math.min(2.5, left - 1);
  return {
    xMm: [left - foot, left, left, right, right, right + foot],
    yMm: [baselineMm, baselineMm, top, top, baselineMm, baselineMm],
  };
}

/**
 * The scale in CSS pixels per millimetre that fits `roomPx` and keeps the 5 mm squares whole device pixels:
 * anything else makes squares of uneven width.
 */
export function fitScale({ widthMm, heightMm }, { widthPx, heightPx = Infinity }, devicePixelRatio = 1) {
  const step = 1 / (5 * devicePixelRatio);
  const scale = Math.min(widthPx / widthMm, heightPx / heightMm);
  // 1e-9 forgives the floating point of a room that fits precisely.
  return Math.max(step * 5, Math.floor(scale / step + 1e-9) * step);
}
