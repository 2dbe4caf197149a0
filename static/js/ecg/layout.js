// Positions of the leads on the sheet, in millimeters. Pure geometry: no signals, DOM or Plotly calls.
//
// x grows to the right and y up, from the lower left corner of the paper. Baselines, the start of
// each row and, at standard settings, the calibration pulses lie on lines of the 5 mm grid, so that readers
// can count squares.

import { LEADS } from "./signal.js";

/** @import { Cell, Sheet, SheetSettings, Size, TimeWindow } from "./types.js" */

/**
 * @typedef {object} Plan
 * @property {readonly (readonly string[])[]} columns the lead names of each column
 * @property {readonly string[]} rhythm
 * @property {number} rows
 * @property {number} pitchMm distance from row to row
 * @property {number} topMm
 * @property {number} bottomMm
 */

/** Width of the strip on the left that holds the calibration pulse. */
export const GUTTER_MM = 15;

/** Trace width: ten seconds at 25 mm/s. */
const TRACE_MM = 250;

/**
 * CODE exams last 10.24 s. A recording slightly longer than a page is shown on one page instead of starting
 * a second.
 */
const TOLERANCE = 1.05;

const RIGHT_MARGIN_MM = 1;

/**
 * Duration of the calibration pulse, as usual on ECG recorders. Its width shows the speed, as its height
 * shows the gain.
 */
const PULSE_S = 0.2;

/** The limb leads in anatomical order. aVR is inverted and labeled −aVR. */
const CABRERA = Object.freeze(["aVL", "I", "−aVR", "II", "aVF", "III"]);
const CHEST = LEADS.slice(6);

/** @type {Readonly<Record<string, readonly string[]>>} */
export const ORDERS = Object.freeze({
  standard: LEADS,
  cabrera: Object.freeze([...CABRERA, ...CHEST]),
});

/**
 * Choices of leads to repeat over the whole width below the 3 × 4 grid.
 *
 * @type {readonly (readonly string[])[]}
 */
export const RHYTHMS = Object.freeze(
  [["II"], ["V1"], ["V5"], ["II", "V1", "V5"], []].map((leads) => Object.freeze(leads)),
);

/**
 * Number of columns of leads, and the spacing of the rows. A single column spans the whole width.
 *
 * @type {Readonly<Record<string, {columns: number, hasRhythm: boolean, pitchMm: number, topMm: number,
 *   bottomMm: number}>>}
 */
export const ARRANGEMENTS = Object.freeze({
  "3x4": { columns: 4, hasRhythm: true, pitchMm: 40, topMm: 30, bottomMm: 15 },
  "6x2": { columns: 2, hasRhythm: false, pitchMm: 25, topMm: 25, bottomMm: 15 },
  "12x1": { columns: 1, hasRhythm: false, pitchMm: 15, topMm: 15, bottomMm: 10 },
});

/** Closer spacing, because six rows have to fit the height of an A4 page. */
const CLOSER = Object.freeze({ pitchMm: 30, topMm: 25 });
const MAX_SPACED_ROWS = 4;

export const SPEEDS_MM_PER_S = Object.freeze([12.5, 25, 50]);
export const GAINS_MM_PER_MV = Object.freeze([2.5, 5, 10, 20]);

/** @type {Readonly<SheetSettings>} */
export const DEFAULT_SETTINGS = Object.freeze({
  arrangement: "3x4",
  rhythm: RHYTHMS[0],
  order: "standard",
  speedMmPerS: 25,
  gainMmPerMv: 10,
  filter: "off",
});

/**
 * Return the number of pages that a recording of `durationS` needs.
 *
 * @param {number} durationS
 * @param {number} speedMmPerS
 */
export function pageCount(durationS, speedMmPerS) {
  const pageS = TRACE_MM / speedMmPerS;
  return durationS <= pageS * TOLERANCE ? 1 : Math.ceil(durationS / pageS);
}

/**
 * Lay out the sheet for a recording.
 *
 * @param {{durationS: number, page?: number, headMm?: number, footMm?: number, isCut?: boolean} &
 *   Partial<SheetSettings>} request `page` counts from 0 and matters only for recordings longer than a page;
 *   `headMm` and `footMm` add paper above and below for tall waves, in whole squares
 * @returns {Readonly<Sheet>}
 */
export function arrange({ durationS, page = 0, headMm = 0, footMm = 0, ...request }) {
  const settings = { ...DEFAULT_SETTINGS, ...request };
  const plan = planOf(settings);
  const window = shownWindow(durationS, settings.speedMmPerS, page);
  const heightMm = headMm + plan.topMm + plan.pitchMm * (plan.rows - 1) + plan.bottomMm + footMm;
  /** @param {number} row */
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

/**
 * @param {SheetSettings} settings
 * @returns {Plan}
 */
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
  const distances = plan.hasRhythm && rows > MAX_SPACED_ROWS ? CLOSER : {};
  return { ...plan, ...distances, columns, rhythm: strips, rows };
}

/**
 * @param {number} durationS
 * @param {number} speedMmPerS
 * @param {number} page
 * @returns {TimeWindow}
 */
function shownWindow(durationS, speedMmPerS, page) {
  const pages = pageCount(durationS, speedMmPerS);
  if (pages === 1) return { startS: 0, endS: durationS, pages };
  const pageS = TRACE_MM / speedMmPerS;
  const startS = Math.min(Math.max(page, 0), pages - 1) * pageS;
  return { startS, endS: Math.min(startS + pageS, durationS), pages };
}

/**
 * Lay out the leads. Columns share the window evenly, so that a recording of 7 s still shows every lead.
 *
 * @param {Plan} plan
 * @param {TimeWindow} window
 * @param {number} speedMmPerS
 * @param {(row: number) => number} baselineMm
 * @returns {Cell[]}
 */
function cellsOf(plan, { startS, endS }, speedMmPerS, baselineMm) {
  const columnS = (endS - startS) / plan.columns.length;
  /**
   * @param {string} name
   * @param {number} row
   * @param {number} fromS
   * @param {number} toS
   */
  const cell = (name, row, fromS, toS) => {
    /** @param {number} seconds */
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

/**
 * Return the rows that get a calibration pulse. Close rows leave space for only one.
 *
 * @param {boolean} isClose
 * @param {number} rows
 */
function pulseRows(isClose, rows) {
  return isClose ? [rows - 1] : [...Array(rows).keys()];
}

/**
 * Return a calibration pulse of 1 mV for 200 ms. At standard settings it is 10 mm high and 5 mm wide, on
 * lines of the 5 mm grid.
 *
 * @param {number} baselineMm
 * @param {SheetSettings} settings
 */
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
 * Return the largest scale, in CSS pixels per millimeter, at which the sheet fits and 5 mm squares are whole
 * device pixels, but at least one device pixel per millimeter. At other scales, squares would differ in
 * width.
 *
 * @param {Size} sheet
 * @param {{widthPx: number, heightPx?: number}} space
 */
export function fitScale({ widthMm, heightMm }, { widthPx, heightPx = Infinity }, devicePixelRatio = 1) {
  const step = 1 / (5 * devicePixelRatio);
  const scale = Math.min(widthPx / widthMm, heightPx / heightMm);
  // 1e-9 allows for rounding when the space fits exactly.
  return Math.max(step * 5, Math.floor(scale / step + 1e-9) * step);
}
