// A dialog that shows the median beat of each lead, enlarged. For viewing only; nothing is measured.

import { make } from "../../dom.js";
import { medianBeat } from "../../ecg/beats.js";
import { INVALID, LEADS } from "../../ecg/signal.js";
import { openDialog } from "../dialog.js";
import { strip } from "./strip.js";

/** @import { Sheet, SheetView, Signal, Size } from "../../ecg/types.js" */
/** @import { Words } from "../../texts.js" */

const FACTOR = 2;

/** Limb leads above, chest leads below. At twice the size, both rows fit on most screens. */
const COLUMNS = 6;

/**
 * @param {HTMLElement} desk
 * @param {Pick<SheetView, "sheet" | "signal" | "scale">} view
 * @param {Words} words
 */
export function showMedian(desk, { sheet, signal, scale }, words) {
  const beat = medianBeat(signal);
  const factor = beat === null ? FACTOR : fitting(sheetOf(beat.signal, sheet), scale);
  const scroller = make("div", {
    class: "strip-scroll",
    tabindex: "0",
    role: "group",
    "aria-label": words("tool-median"),
  });
  if (beat === null) scroller.append(make("p", { class: "tool-empty" }, words("median-none")));
  else scroller.append(strip(beat.signal, sheetOf(beat.signal, sheet), scale * factor, words));
  openDialog(
    desk,
    {
      title: words("tool-median"),
      body: [scroller],
      note:
        beat === null
          ? ""
          : words("median-note", {
              count: beat.nBeats,
              total: beat.nFound,
              factor: factor.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }),
              speed: sheet.speedMmPerS,
              gain: sheet.gainMmPerMv,
            }),
    },
    words,
  );
  scroller.focus({ preventScroll: true });
}

/**
 * Return an enlargement of 2, or less if twelve leads would not fit on the screen. Never below 1, the size
 * on the sheet.
 *
 * @param {Size} size
 * @param {number} scale
 */
function fitting({ widthMm, heightMm }, scale) {
  const factor =
    Math.min((Math.min(1280, window.innerWidth - 32) - 40) / widthMm, (window.innerHeight - 230) / heightMm) /
    scale;
  return Math.max(1, Math.min(FACTOR, Math.floor(factor * 10) / 10));
}

/**
 * Lay out twelve cells of one beat each, with space for the tallest wave of each row.
 *
 * @param {Signal} signal
 * @param {Pick<Sheet, "speedMmPerS" | "gainMmPerMv">} settings
 * @returns {Sheet}
 */
function sheetOf(signal, { speedMmPerS, gainMmPerMv }) {
  const seconds = signal.nSamples / signal.samplingRateHz;
  const cellMm = Math.ceil((seconds * speedMmPerS + 8) / 5) * 5;
  const rows = Array.from({ length: LEADS.length / COLUMNS }, (_, row) => extentMm(signal, row, gainMmPerMv));
  const heights = rows.map(({ up, down }) => up + down);
  const heightMm = heights.reduce((sum, height) => sum + height, 0) + 5;
  /** @param {number} row */
  const baselineMm = (row) =>
    heightMm - heights.slice(0, row).reduce((sum, height) => sum + height, 0) - rows[row].up;
  const cells = LEADS.map((name, lead) => {
    const [column, row] = [lead % COLUMNS, Math.floor(lead / COLUMNS)];
    const leftMm = 5 + column * cellMm;
    return {
      name,
      row,
      lead,
      sign: 1,
      leftMm,
      rightMm: leftMm + seconds * speedMmPerS,
      baselineMm: baselineMm(row),
      startS: 0,
      endS: seconds,
    };
  });
  return {
    arrangement: "median",
    order: "standard",
    filter: "off",
    isClose: false,
    window: { startS: 0, endS: seconds, pages: 1 },
    speedMmPerS,
    gainMmPerMv,
    widthMm: 5 + COLUMNS * cellMm,
    heightMm,
    cells,
    pulses: [],
  };
}

/**
 * Return how much paper the leads of a row need above and below their baseline, in whole squares.
 *
 * @param {Signal} signal
 * @param {number} row
 * @param {number} gainMmPerMv
 */
function extentMm({ leads, microvoltsPerLsb }, row, gainMmPerMv) {
  let [up, down] = [10, 5];
  for (const samples of leads.slice(row * COLUMNS, (row + 1) * COLUMNS)) {
    for (const value of samples) {
      if (value === INVALID) continue;
      const mm = (value * microvoltsPerLsb * gainMmPerMv) / 1000;
      up = Math.max(up, mm + 4);
      down = Math.max(down, 3 - mm);
    }
  }
  return { up: Math.ceil(up / 5) * 5, down: Math.ceil(down / 5) * 5 };
}
