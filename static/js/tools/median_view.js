// The median beat of each lead, twice as large; it measures nothing.

import { make } from "../dom.js";
import { medianBeat } from "../ecg/beats.js";
import { LEADS } from "../ecg/signal.js";
import { openDialog } from "./dialog.js";
import { strip } from "./strip.js";

const FACTOR = 2;

/** Leads as on a 3 × 4 sheet. */
const ROWS = 3;

export function showMedian(desk, { sheet, signal, scale }, words) {
  const beat = medianBeat(signal);
  const room = make("div", { class: "strip-room", tabindex: "0", role: "group", "aria-label": words("tool-median") });
  if (beat === null) room.append(make("p", { class: "tool-empty" }, words("median-none")));
  else room.append(strip(beat.signal, sheetOf(beat.signal, sheet), fitting(sheet, scale), words));
  openDialog(desk, {
    title: words("tool-median"), body: [room],
    note: beat === null ? "" : words("median-note", { count: beat.nBeats, found: beat.nFound, speed: sheet.speedMmPerS, gain: sheet.gainMmPerMv }),
  }, words);
  room.focus({ preventScroll: true });
}

function fitting(sheet, scale) {
  return scale * FACTOR;
}

/** Twelve cells of one beat each, in the order of a 3 × 4 sheet, with room for the tallest wave of each row. */
function sheetOf(signal, { speedMmPerS, gainMmPerMv }) {
  const seconds = signal.nSamples / signal.samplingRateHz;
  const cellMm = Math.ceil((seconds * speedMmPerS + 12) / 5) * 5;
  const rows = Array.from({ length: ROWS }, (_, row) => extentMm(signal, row, gainMmPerMv));
  const heights = rows.map(({ up, down }) => up + down);
  const heightMm = heights.reduce((sum, height) => sum + height, 0) + 5;
  const baselineMm = (row) => heightMm - heights.slice(0, row).reduce((sum, height) => sum + height, 0) - rows[row].up;
  const cells = LEADS.map((name, lead) => {
    const [column, row] = [Math.floor(lead / ROWS), lead % ROWS];
    const leftMm = 5 + column * cellMm;
    return { name, row, lead, sign: 1, leftMm, rightMm: leftMm + seconds * speedMmPerS, baselineMm: baselineMm(row), startS: 0, endS: seconds };
  });
  return {
    arrangement: "median", order: "standard", filter: "off", isClose: false, window: { startS: 0, endS: seconds, pages: 1 },
    speedMmPerS, gainMmPerMv, widthMm: 5 + 4 * cellMm, heightMm, cells, pulses: [],
  };
}

/** How much paper the leads of a row need above and below their baseline, in whole squares. */
function extentMm({ leads, microvoltsPerLsb }, row, gainMmPerMv) {
  let [up, down] = [10, 5];
  for (let lead = row; lead < LEADS.length; lead += ROWS) {
    for (const value of leads[lead]) {
      if (value === -32768) continue;
      const mm = (value * microvoltsPerLsb * gainMmPerMv) / 1000;
      up = Math.max(up, mm + 4);
      down = Math.max(down, 3 - mm);
    }
  }
  return { up: Math.ceil(up / 5) * 5, down: Math.ceil(down / 5) * 5 };
}
