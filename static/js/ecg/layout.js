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

/** The arrangements of the twelve leads: columns of simultaneous leads, then full-width rhythm strips. */
export const ARRANGEMENTS = Object.freeze({
  "3x4": {
    columns: [["I", "II", "III"], ["aVR", "aVL", "aVF"], ["V1", "V2", "V3"], ["V4", "V5", "V6"]],
    rhythm: ["II"], pitchMm: 40, topMm: 30, bottomMm: 15, labelMm: 12,
  },
  "6x2": {
    columns: [["I", "II", "III", "aVR", "aVL", "aVF"], ["V1", "V2", "V3", "V4", "V5", "V6"]],
    rhythm: [], pitchMm: 25, topMm: 25, bottomMm: 15, labelMm: 9,
  },
  "12x1": { columns: [LEADS], rhythm: [], pitchMm: 15, topMm: 20, bottomMm: 15, labelMm: null },
});

export const SPEEDS_MM_PER_S = Object.freeze([25, 50]);
export const GAINS_MM_PER_MV = Object.freeze([5, 10, 20]);

export const DEFAULT_SETTINGS = Object.freeze({ arrangement: "3x4", speedMmPerS: 25, gainMmPerMv: 10, filter: "off" });

/** How many sheets a recording of `durationS` needs. */
export function pageCount(durationS, speedMmPerS) {
  const pageS = TRACE_MM / speedMmPerS;
  return durationS <= pageS * TOLERANCE ? 1 : Math.ceil(durationS / pageS);
}

/**
 * The sheet for a recording.
 *
 * @param {{durationS: number, arrangement?: string, speedMmPerS?: number, gainMmPerMv?: number, page?: number,
 *   headMm?: number, footMm?: number}} asked
 *   `page` counts from 0 and matters for recordings longer than the paper; `headMm` and `footMm` are whole
 *   squares of paper added above and below for tall waves.
 * @returns {object} `widthMm`, `heightMm`, the settings, the `window` in seconds, and `cells`: one per stretch
 *   of a lead with its `lead` (row in LEADS), `leftMm`, `baselineMm`, `startS`, `endS` and `label` position;
 *   `pulses`: the calibration pulse as polylines.
 */
export function arrange({ durationS, page = 0, headMm = 0, footMm = 0, ...asked }) {
  const settings = { ...DEFAULT_SETTINGS, ...asked };
  const plan = ARRANGEMENTS[settings.arrangement];
  if (!plan) throw new RangeError(`unknown arrangement: ${settings.arrangement}`);
  const window = shownWindow(durationS, settings.speedMmPerS, page);
  const rows = plan.columns[0].length + plan.rhythm.length;
  const heightMm = headMm + plan.topMm + plan.pitchMm * (rows - 1) + plan.bottomMm + footMm;
  const baselineMm = (row) => heightMm - headMm - plan.topMm - plan.pitchMm * row;
  const traceMm = Math.max(TRACE_MM, (window.endS - window.startS) * settings.speedMmPerS);
  return Object.freeze({
    ...settings,
    window,
    widthMm: GUTTER_MM + traceMm + RIGHT_MARGIN_MM,
    heightMm,
    cells: cellsOf(plan, window, settings.speedMmPerS, baselineMm),
    pulses: pulseRows(plan, rows).map((row) => pulse(baselineMm(row), settings.gainMmPerMv)),
  });
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
    const leftMm = GUTTER_MM + (fromS - startS) * speedMmPerS;
    const baseline = baselineMm(row);
    return { name, lead: LEADS.indexOf(name), leftMm, baselineMm: baseline, startS: fromS, endS: toS,
      label: labelAt(plan, leftMm, baseline) };
  };
  const grid = plan.columns.flatMap((names, column) =>
    names.map((name, row) => cell(name, row, startS + column * columnS, startS + (column + 1) * columnS)));
  const strips = plan.rhythm.map((name, strip) => cell(name, plan.columns[0].length + strip, startS, endS));
  return [...grid, ...strips];
}

/** In close rows a name above the trace would touch the first QRS, so it goes to the gutter. */
function labelAt(plan, leftMm, baselineMm) {
  return plan.labelMm === null
    ? { xMm: 1, yMm: baselineMm - 3.5 }
    : { xMm: leftMm + 1, yMm: baselineMm + plan.labelMm };
}

/** Close rows have room for one pulse only. */
function pulseRows(plan, rows) {
  return plan.labelMm === null ? [rows - 1] : [...Array(rows).keys()];
}

/** 1 mV for 200 ms at 25 mm/s: ten millimetres high and five wide at the standard gain. */
function pulse(baselineMm, gainMmPerMv) {
  const top = baselineMm + gainMmPerMv;
  return { xMm: [2.5, 5, 5, 10, 10, 12.5], yMm: [baselineMm, baselineMm, top, top, baselineMm, baselineMm] };
}

/**
 * The scale in CSS pixels per millimetre that fits `roomPx` and keeps the 5 mm tile whole device pixels:
 * anything else blurs the ruling and lets it drift from the trace.
 */
export function fitScale({ widthMm, heightMm }, { widthPx, heightPx = Infinity }, devicePixelRatio = 1) {
  const step = 1 / (5 * devicePixelRatio);
  const scale = Math.min(widthPx / widthMm, heightPx / heightMm);
  // 1e-9 forgives the floating point of a room that fits precisely.
  return Math.max(step * 5, Math.floor(scale / step + 1e-9) * step);
}
