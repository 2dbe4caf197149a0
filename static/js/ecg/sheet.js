// Lays out a signal on a sheet, as plain data that Plotly draws. Pure; everything in millimeters.

import { letter } from "./lettering.js";
import { INVALID, Status } from "./signal.js";

/** @import { Cell, Figure, PlotlyObject, Polyline, Sheet, Signal, Size } from "./types.js" */

/** @typedef {"missing" | "flat" | "derived" | "recorded"} LeadState */

/** @typedef {Cell & {state: LeadState, x0: number, dx: number, y: number[] | Float64Array}} DrawnCell */

/** Maximum paper added for tall waves. A wave that needs more is an artifact, or the gain is too high. */
const MAX_ADDED_MM = 20;

/** Minimum distance between a wave and the edge of the paper. */
const EDGE_MM = 1;

const SQUARE_MM = 5;

const LINE = Object.freeze({ color: "#000", width: 1 });

/**
 * Build the figure of `signal` on `sheet`. `words` has the notes for the states of a lead.
 *
 * `data` begins with the lettering, absent leads and the calibration pulses, because later traces are drawn
 * on top and nothing may hide the signal. One trace per lead segment follows. Every sample is a point of its
 * line: when Plotly simplified lines, a wave of 2.4 mm lost 0.1 mm on a coarse screen.
 *
 * @param {Signal} signal
 * @param {Sheet} sheet
 * @param {number} pxPerMm
 * @param {Partial<Record<LeadState, string>>} words
 * @returns {Figure}
 */
export function figure(signal, sheet, pxPerMm, words) {
  const cells = stretches(signal, sheet).map((cell) => ({ ...cell, note: words[cell.state] }));
  const { names, ticks } = letter(cells, sheet, pxPerMm);
  const absent = cells.filter(({ state }) => state === "missing");
  return {
    data: [
      nameTrace(names),
      polylines("absent", absent.map(restingLine), "dash"),
      polylines("calibration", sheet.pulses),
      ...cells.map((cell, place) => lineTrace(cell, place)).filter(({ y }) => y.length > 0),
    ],
    layout: { ...layoutOf(sheet, pxPerMm), shapes: tickShapes(ticks) },
  };
}

/**
 * Return the cells of `sheet` with their samples as heights.
 *
 * @param {Signal} signal
 * @param {Sheet} sheet
 * @returns {DrawnCell[]}
 */
function stretches(signal, sheet) {
  const offsets = signal.leads.map(median);
  return sheet.cells.map((cell) => ({ ...cell, ...stretch(signal, cell, sheet, offsets[cell.lead]) }));
}

/**
 * Return how much paper `sheet` needs in addition so that no wave is cut off at its edge.
 *
 * @param {Signal} signal
 * @param {Sheet} sheet
 * @returns {{headMm: number, footMm: number, isCut: boolean}} `isCut`: a wave is cut off even with paper
 *   added
 */
export function paperLacking(signal, sheet) {
  let low = EDGE_MM;
  let high = sheet.heightMm - EDGE_MM;
  for (const { y } of stretches(signal, sheet)) {
    for (const height of y) {
      if (height < low) low = height;
      if (height > high) high = height;
    }
  }
  const [headMm, footMm] = [high - sheet.heightMm + EDGE_MM, EDGE_MM - low].map(wholeSquares);
  return { headMm, footMm, isCut: high > sheet.heightMm + headMm || low < -footMm };
}

/** @param {number} lackingMm */
function wholeSquares(lackingMm) {
  return Math.min(Math.ceil(lackingMm / SQUARE_MM) * SQUARE_MM, MAX_ADDED_MM);
}

/**
 * Return the plot layout. The axes are the paper: one unit is one millimeter on both.
 *
 * Plotly rounds its size to whole pixels, which would stretch the axes. The plot therefore extends beyond
 * the paper on the right and at the bottom by the missing fraction of a pixel.
 *
 * @param {Size} sheet
 * @param {number} pxPerMm
 * @returns {PlotlyObject}
 */
export function layoutOf({ widthMm, heightMm }, pxPerMm) {
  const [width, height] = [widthMm, heightMm].map((mm) => Math.ceil(mm * pxPerMm - 1e-6));
  const axis = { visible: false, fixedrange: true, zeroline: false, showgrid: false };
  return {
    width,
    height,
    autosize: false,
    margin: { l: 0, r: 0, t: 0, b: 0, pad: 0 },
    xaxis: { ...axis, range: [0, width / pxPerMm] },
    yaxis: { ...axis, range: [heightMm - height / pxPerMm, heightMm] },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    hovermode: false,
    dragmode: false,
  };
}

/**
 * Return the samples of one cell as heights on the sheet, and the state of the lead in that cell.
 *
 * @param {Signal} signal
 * @param {Cell} cell
 * @param {Sheet} sheet
 * @param {number} offset
 * @returns {Pick<DrawnCell, "state" | "x0" | "dx" | "y">}
 */
function stretch(signal, cell, sheet, offset) {
  const rate = signal.samplingRateHz;
  const from = Math.ceil(cell.startS * rate - 1e-6);
  const to = Math.min(signal.nSamples, Math.ceil(cell.endS * rate - 1e-6));
  const samples = signal.leads[cell.lead].subarray(from, to);
  const state = stateOf(samples, signal.status[cell.lead]);
  return {
    state,
    x0: cell.leftMm + (from / rate - cell.startS) * sheet.speedMmPerS,
    dx: sheet.speedMmPerS / rate,
    y:
      state === "missing"
        ? []
        : heights(samples, offset, cell, (signal.microvoltsPerLsb / 1000) * sheet.gainMmPerMv),
  };
}

/**
 * @param {Int16Array} samples
 * @param {number} status
 * @returns {LeadState}
 */
function stateOf(samples, status) {
  if (status === Status.MISSING) return "missing";
  let low = Infinity;
  let high = -Infinity;
  for (const sample of samples) {
    if (sample === INVALID) continue;
    if (sample < low) low = sample;
    if (sample > high) high = sample;
  }
  if (low > high) return "missing";
  if (low === high) return "flat";
  return status === Status.DERIVED ? "derived" : "recorded";
}

/**
 * Return the samples as heights. Samples without a value become NaN, which interrupts the line.
 *
 * @param {Int16Array} samples
 * @param {number} offset
 * @param {Cell} cell
 * @param {number} mmPerLsb
 */
function heights(samples, offset, { baselineMm, sign = 1 }, mmPerLsb) {
  const y = new Float64Array(samples.length);
  for (let t = 0; t < samples.length; t += 1) {
    y[t] = samples[t] === INVALID ? NaN : baselineMm + (samples[t] - offset) * sign * mmPerLsb;
  }
  return y;
}

/**
 * Return the median of a lead's values, or 0 if it has none.
 *
 * Each lead is shifted as a whole so that its median lies on its baseline. This is not a filter: shapes and
 * differences stay as recorded. Without the shift, an electrode offset would move the lead into another row.
 *
 * @param {Int16Array} samples
 */
export function median(samples) {
  const counts = new Uint32Array(65536);
  let n = 0;
  for (const sample of samples) {
    if (sample === INVALID) continue;
    counts[sample + 32768] += 1;
    n += 1;
  }
  let seen = 0;
  for (let value = 0; n > 0 && value < counts.length; value += 1) {
    seen += counts[value];
    if (2 * seen >= n) return value - 32768;
  }
  return 0;
}

/**
 * @param {DrawnCell} cell
 * @param {number} place
 * @returns {PlotlyObject}
 */
function lineTrace({ x0, dx, y, name }, place) {
  const uid = `lead-${place}`; // unique even if a rhythm strip repeats the lead
  return {
    type: "scatter",
    mode: "lines",
    name,
    uid,
    x0,
    dx,
    y,
    line: { ...LINE, simplify: false },
    connectgaps: false,
    hoverinfo: "skip",
  };
}

/**
 * Combine several lines into one trace. The style sheet selects it by `name`.
 *
 * @param {string} name
 * @param {Polyline[]} lines
 * @param {string} [dash]
 * @returns {PlotlyObject}
 */
function polylines(name, lines, dash = "solid") {
  return {
    type: "scatter",
    mode: "lines",
    name,
    uid: name,
    line: { ...LINE, dash },
    connectgaps: false,
    hoverinfo: "skip",
    x: lines.flatMap(({ xMm }) => [...xMm, null]),
    y: lines.flatMap(({ yMm }) => [...yMm, null]),
  };
}

/**
 * Draw all ticks as one path. As trace lines, each would be an element of its own.
 *
 * @param {Polyline[]} ticks
 * @returns {PlotlyObject[]}
 */
function tickShapes(ticks) {
  if (ticks.length === 0) return [];
  const path = ticks.map(({ xMm, yMm }) => `M${xMm[0]},${yMm[0]}L${xMm[1]},${yMm[1]}`).join("");
  return [{ type: "path", name: "ticks", path, xref: "x", yref: "y", layer: "below", line: LINE }];
}

/**
 * Return the baseline of a lead that was not recorded. It is dashed, so that nobody takes it for a flat
 * lead.
 *
 * @param {Cell} cell
 * @returns {Polyline}
 */
function restingLine({ leftMm, rightMm, baselineMm }) {
  return { xMm: [leftMm, rightMm], yMm: [baselineMm, baselineMm] };
}

/**
 * Return the trace of the lead names. It contains only lead names and our own texts, never user text.
 *
 * @param {ReturnType<typeof letter>["names"]} names
 * @returns {PlotlyObject}
 */
function nameTrace(names) {
  return {
    type: "scatter",
    mode: "text",
    name: "names",
    uid: "names",
    hoverinfo: "skip",
    textposition: "middle right",
    x: names.map(({ xMm }) => xMm),
    y: names.map(({ yMm }) => yMm),
    text: names.map(({ text }) => text),
    textfont: {
      size: names.map(({ px }) => px),
      weight: names.map(({ isNote }) => (isNote ? 500 : 700)),
      color: "#000",
    },
  };
}
