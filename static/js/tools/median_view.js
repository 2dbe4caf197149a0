// The median beat of each lead, enlarged; it measures nothing.

import { make } from "../dom.js";
import { medianBeat } from "../ecg/beats.js";
import { INVALID, LEADS } from "../ecg/signal.js";
import { openDialog } from "./dialog.js";
import { strip } from "./strip.js";

const FACTOR = 2;

/** The limb leads above, the chest leads below: twice as large both rows fit a screen. */
const COLUMNS = 6;

export function showMedian(desk, { sheet, signal, scale }, words) {
  const beat = medianBeat(signal);
  const factor = beat === null ? FACTOR : fitting(sheetOf(beat.signal, sheet), scale);
  const room = make("div", {
    class: "strip-room",
    tabindex: "0",
    role: "group",
    "aria-label": words("tool-median"),
  });
  if (beat === null) room.append(make("p", { class: "tool-empty" }, words("median-none")));
  else room.append(strip(beat.signal, sheetOf(beat.signal, sheet), scale * factor, words));
  openDialog(
    desk,
    {
      title: words("tool-median"),
      body: [room],
      note:
        beat === null
          ? ""
          : words("median-note", {
              count: beat.nBeats,
              found: beat.nFound,
              factor: factor.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }),
              speed: sheet.speedMmPerS,
              gain: sheet.gainMmPerMv,
            }),
    },
    words,
  );
  room.focus({ preventScroll: true });
}

/** Twice as large, or as large as lets all twelve be seen at once; never smaller than on the sheet. */
function fitting({ widthMm, heightMm }, scale) {
  const room =
    Math.min((Math.min(1280, window.innerWidth - 32) - 40) / widthMm, (window.innerHeight - 230) / heightMm) /
    scale;
  return Math.max(1, Math.min(FACTOR, Math.floor(room * 10) / 10));
}

/** Twelve cells of one beat each, with room for the tallest wave of each row. */
function sheetOf(signal, { speedMmPerS, gainMmPerMv }) {
  const seconds = signal.nSamples / signal.samplingRateHz;
  const cellMm = Math.ceil((seconds * speedMmPerS + 8) / 5) * 5;
  const rows = Array.from({ length: LEADS.length / COLUMNS }, (_, row) => extentMm(signal, row, gainMmPerMv));
  const heights = rows.map(({ up, down }) => up + down);
  const heightMm = heights.reduce((sum, height) => sum + height, 0) + 5;
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

/** How much paper the leads of a row need above and below their baseline, in whole squares. */
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
