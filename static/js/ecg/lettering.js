// Places the lead names, and the ticks where one lead ends and the next begins.
//
// Positions are chosen from the samples, so that names and ticks keep clear of the waves. Pure; in
// millimeters, y up.

import { Envelope } from "./envelope.js";

/** @import { Cell, Polyline, Sheet, Size } from "./types.js" */

/** @typedef {Cell & {x0: number, dx: number, y: ArrayLike<number>, note?: string}} LetteredCell */

/** @typedef {{text: string, px: number, isNote: boolean}} TextLine */

/** @typedef {{width: number, height: number}} TextSize in millimeters */

/** Width of a letter and height of a line of bold sans serif, relative to the type size. */
const LETTER_WIDTH = 0.64;
const LINE_HEIGHT = 0.92;

/** Smaller letters are illegible on screen; larger ones would dominate the waves. */
const MIN_PX = 11;
const SIZE_MM = 3.1;
const NOTE_SIZE = 0.8;

const CLEARANCE_MM = 0.7;
const GUTTER_NAME_MM = 0.8;

/**
 * Heights above the baseline, in the upper part of a row. Negative heights are used if waves fill that
 * space.
 */
const WIDE_ROWS = {
  usual: 12,
  heights: [12, 11, 10, 9, 8, 7, 6, 5, 13.5, 15, 17, 19, -6, -7, -8, -10, -12, -14],
};
const CLOSE_ROWS = { usual: 9, heights: [9, 8, 7, 6, 5, 4.5, 10, 11, 12.5, 14, -5.5, -6.5, -8, -9.5] };
const GUTTER = { usual: 0, heights: [0, 3, -3, 4.5, -4.5, 6, -6], shifts: [0] };
const SHIFTS_MM = [1, 2.5, 4, 5.5, 7, 9, 11, 13, 17, 22];

/** Penalty for a name below its baseline, in millimeters of displacement. Readers look for it above. */
const BELOW = 9;

const TICK_MM = 2.5;
const TICK_CLEARANCE_MM = 1;
const TICK_HALF_WIDTH_MM = 0.75;
const TICK_STEPS_MM = [0, 1, 2, 3, 4];
/** Anything farther from the baseline belongs to another row. */
const REACH_MM = 12;

/**
 * Return the letter size in CSS pixels at this scale.
 *
 * @param {number} pxPerMm
 */
function letterPx(pxPerMm) {
  return Math.max(MIN_PX, Math.round(SIZE_MM * pxPerMm));
}

/**
 * Place the lead names with their notes, and the ticks between leads, clear of the waves if possible.
 *
 * @param {LetteredCell[]} cells with their samples as `x0`, `dx`, `y`; `note` is e.g. "flat"
 * @param {Sheet} sheet
 * @param {number} pxPerMm
 * @returns {{names: (TextLine & {xMm: number, yMm: number})[], ticks: Polyline[]}} names start at `xMm` and
 *   are vertically centered on `yMm`
 */
export function letter(cells, sheet, pxPerMm) {
  const envelope = new Envelope();
  for (const cell of cells) envelope.addSamples(cell);
  for (const { xMm, yMm } of sheet.pulses) {
    envelope.addBox({
      x0: Math.min(...xMm),
      x1: Math.max(...xMm),
      y0: Math.min(...yMm),
      y1: Math.max(...yMm),
    });
  }
  const ticks = ticksOf(cells, sheet, envelope);
  return { names: namesOf(cells, sheet, envelope, letterPx(pxPerMm), pxPerMm), ticks };
}

/**
 * @param {LetteredCell[]} cells
 * @param {Sheet} sheet
 * @param {Envelope} envelope
 * @param {number} px
 * @param {number} pxPerMm
 */
function namesOf(cells, sheet, envelope, px, pxPerMm) {
  return cells.flatMap((cell) => {
    const lines = linesOf(cell, sheet, px);
    const { xMm, yMm, box } = placeFor(cell, sheet, envelope, sizeOf(lines, pxPerMm));
    envelope.addBox(box); // keeps the next name clear of this one
    return set(lines, xMm, yMm, pxPerMm);
  });
}

/**
 * Return the lines of a lead's label. In the narrow gutter, the note goes below the name.
 *
 * @param {LetteredCell} cell
 * @param {Sheet} sheet
 * @param {number} px
 * @returns {TextLine[]}
 */
function linesOf({ name, note }, { isClose }, px) {
  if (!note) return [{ text: name, px, isNote: false }];
  if (!isClose) return [{ text: `${name} · ${note}`, px, isNote: false }];
  return [
    { text: name, px, isNote: false },
    { text: note, px: Math.max(10, Math.round(px * NOTE_SIZE)), isNote: true },
  ];
}

/**
 * @param {TextLine[]} lines
 * @param {number} pxPerMm
 * @returns {TextSize}
 */
function sizeOf(lines, pxPerMm) {
  return {
    width: Math.max(...lines.map(({ text, px }) => (text.length * px * LETTER_WIDTH) / pxPerMm)),
    height: lines.reduce((sum, { px }) => sum + (px * LINE_HEIGHT) / pxPerMm, 0),
  };
}

/**
 * @param {TextLine[]} lines
 * @param {number} xMm
 * @param {number} yMm
 * @param {number} pxPerMm
 */
function set(lines, xMm, yMm, pxPerMm) {
  const { height } = sizeOf(lines, pxPerMm);
  let top = yMm + height / 2;
  return lines.map((line) => {
    const lineMm = (line.px * LINE_HEIGHT) / pxPerMm;
    top -= lineMm;
    return { ...line, xMm, yMm: top + lineMm / 2 };
  });
}

/**
 * Return the best-ranked free position, or the position that is crossed least.
 *
 * @param {Cell} cell
 * @param {Sheet} sheet
 * @param {Envelope} envelope
 * @param {TextSize} size
 */
function placeFor(cell, sheet, envelope, size) {
  let best = null;
  for (const { shift, height } of places(sheet)) {
    const candidate = boxed(
      cell.leftMm + (sheet.isClose ? GUTTER_NAME_MM - cell.leftMm : shift),
      cell.baselineMm + height,
      size,
    );
    if (!isOnPaper(candidate.box, sheet)) continue;
    const crossed = envelope.crossings(candidate.box);
    if (crossed === 0) return candidate;
    if (best === null || crossed < best.crossed) best = { ...candidate, crossed };
  }
  // Label the lead even if the sheet is too small for the name.
  return best ?? boxed(cell.leftMm, cell.baselineMm, size);
}

/**
 * @param {number} xMm
 * @param {number} yMm
 * @param {TextSize} size
 */
function boxed(xMm, yMm, { width, height }) {
  return {
    xMm,
    yMm,
    box: {
      x0: xMm - CLEARANCE_MM,
      x1: xMm + width + CLEARANCE_MM,
      y0: yMm - height / 2 - CLEARANCE_MM,
      y1: yMm + height / 2 + CLEARANCE_MM,
    },
  };
}

/**
 * @param {{x0: number, x1: number, y0: number, y1: number}} box
 * @param {Size} size
 */
function isOnPaper({ x0, x1, y0, y1 }, { widthMm, heightMm }) {
  return x0 >= 0 && x1 <= widthMm && y0 >= 0 && y1 <= heightMm;
}

/** Candidate positions relative to the start of a lead, best first. */
const PLACES = { wideRows: ranked(WIDE_ROWS), closeRows: ranked(CLOSE_ROWS), gutter: ranked(GUTTER) };

/** @param {{usual: number, heights: number[], shifts?: number[]}} kind */
function ranked({ usual, heights, shifts = SHIFTS_MM }) {
  /** @param {{shift: number, height: number}} place */
  const cost = ({ shift, height }) =>
    shift + Math.abs(height - usual) * (height < 0 ? 0.5 : 1) + (height < 0 ? BELOW : 0);
  const all = shifts.flatMap((shift) => heights.map((height) => ({ shift, height })));
  return all.sort((one, other) => cost(one) - cost(other));
}

/** @param {Sheet} sheet */
function places({ isClose, cells }) {
  if (isClose) return PLACES.gutter;
  return cells[0].baselineMm - cells[1].baselineMm < 30 ? PLACES.closeRows : PLACES.wideRows;
}

/**
 * Return short ticks above and below the waves where a lead ends and the next one begins in its row. A tick
 * without a free place is left out.
 *
 * @param {Cell[]} cells
 * @param {Sheet} sheet
 * @param {Envelope} envelope
 * @returns {Polyline[]}
 */
function ticksOf(cells, sheet, envelope) {
  const borders = cells.filter(({ row, leftMm }) =>
    cells.some((before) => before.row === row && Math.abs(before.rightMm - leftMm) < 1e-6),
  );
  return borders
    .flatMap(({ leftMm: x, baselineMm: y }) => {
      const { low, high } = envelope.extent({
        x0: x - TICK_HALF_WIDTH_MM,
        x1: x + TICK_HALF_WIDTH_MM,
        y,
        reachMm: REACH_MM,
      });
      return [tick(x, high + TICK_CLEARANCE_MM, 1, envelope), tick(x, low - TICK_CLEARANCE_MM, -1, envelope)];
    })
    .filter((one) => one !== null)
    .filter(({ yMm }) => Math.min(...yMm) >= 0 && Math.max(...yMm) <= sheet.heightMm);
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} direction
 * @param {Envelope} envelope
 * @returns {Polyline | null}
 */
function tick(x, y, direction, envelope) {
  for (const step of TICK_STEPS_MM) {
    const from = y + direction * step;
    const ends = [from, from + direction * TICK_MM];
    const box = {
      x0: x - TICK_HALF_WIDTH_MM,
      x1: x + TICK_HALF_WIDTH_MM,
      y0: Math.min(...ends),
      y1: Math.max(...ends),
    };
    if (envelope.crossings(box) === 0) return { xMm: [x, x], yMm: ends };
  }
  return null; // a missing tick is better than one that looks like a wave
}
