// A signal laid out on a sheet, as the plain data a plot is made from. Pure; everything is in millimetres.

import { INVALID, Status } from "./signal.js";

/** Of paper added for tall waves; beyond that the wave is an artefact, or the gain is too high. */
const MOST_ADDED_MM = 20;

/** What the line of settings at the foot of the sheet takes. */
const LINE_OF_SETTINGS_MM = 7;

const SQUARE_MM = 5;

const LINE = Object.freeze({ color: "#000", width: 1 });

/** The figure of `signal` on `sheet`: `{data, layout}`; `words` names the states of a lead. */
export function figure(signal, sheet, pxPerMm, words) {
  const offsets = signal.leads.map(median);
  const cells = sheet.cells.map((cell) => ({ ...cell, ...stretch(signal, cell, sheet, offsets[cell.lead]) }));
  return {
    // Names first: what is drawn later lies above, and nothing may hide a piece of the signal.
    data: [nameTrace(cells, words, pxPerMm), pulseTrace(sheet.pulses),
      ...cells.filter(({ state }) => state !== "missing").map(lineTrace)],
    layout: layoutOf(sheet, pxPerMm),
  };
}

/**
 * How much paper `sheet` lacks, so that no wave of `signal` is cut at its edge and none runs through the settings.
 *
 * @returns {{headMm: number, footMm: number, isCut: boolean}} `isCut`: even with that something is cut.
 */
export function paperLacking(signal, sheet) {
  const offsets = signal.leads.map(median);
  let low = LINE_OF_SETTINGS_MM;
  let high = sheet.heightMm;
  for (const cell of sheet.cells) {
    for (const height of stretch(signal, cell, sheet, offsets[cell.lead]).y) {
      if (height < low) low = height;
      if (height > high) high = height;
    }
  }
  const [headMm, footMm] = [high - sheet.heightMm, LINE_OF_SETTINGS_MM - low].map(wholeSquares);
  return { headMm, footMm, isCut: high > sheet.heightMm + headMm || low < -footMm };
}

function wholeSquares(lackingMm) {
  return Math.min(Math.ceil(lackingMm / SQUARE_MM) * SQUARE_MM, MOST_ADDED_MM);
}

/** Plot layout: the axes are the paper, so that one unit is one millimetre both ways. */
export function layoutOf({ widthMm, heightMm }, pxPerMm) {
  const axis = { visible: false, fixedrange: true, zeroline: false, showgrid: false };
  return {
    width: widthMm * pxPerMm,
    height: heightMm * pxPerMm,
    autosize: false,
    margin: { l: 0, r: 0, t: 0, b: 0, pad: 0 },
    xaxis: { ...axis, range: [0, widthMm] },
    yaxis: { ...axis, range: [0, heightMm] },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    hovermode: false,
    dragmode: false,
  };
}

/** The samples of one cell as heights on the sheet, and the state of the lead there. */
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
    y: state === "missing" ? [] : heights(samples, offset, signal.microvoltsPerLsb, sheet.gainMmPerMv, cell.baselineMm),
  };
}

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

/** NaN where there is no value: the line breaks there. */
function heights(samples, offset, microvoltsPerLsb, gainMmPerMv, baselineMm) {
  const mmPerLsb = (microvoltsPerLsb / 1000) * gainMmPerMv;
  const y = new Float64Array(samples.length);
  for (let t = 0; t < samples.length; t += 1) {
    y[t] = samples[t] === INVALID ? NaN : baselineMm + (samples[t] - offset) * mmPerLsb;
  }
  return y;
}

/**
 * The median of a lead's values, 0 when it has none.
 *
 * Each lead is shifted as a whole so that its median lies on its baseline. That is no filter, for shapes
 * and differences stay as recorded; without it an electrode's offset would move the lead into another row.
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

function lineTrace({ x0, dx, y, name }) {
  return { type: "scatter", mode: "lines", name, x0, dx, y, line: LINE, connectgaps: false, hoverinfo: "skip" };
}

function pulseTrace(pulses) {
  return {
    type: "scatter", mode: "lines", name: "calibration", line: LINE, connectgaps: false, hoverinfo: "skip",
    x: pulses.flatMap(({ xMm }) => [...xMm, null]),
    y: pulses.flatMap(({ yMm }) => [...yMm, null]),
  };
}

/** Only names of leads and the product's own words are written here, never a user's text. */
function nameTrace(cells, words, pxPerMm) {
  return {
    type: "scatter", mode: "text", name: "names", hoverinfo: "skip", textposition: "middle right",
    x: cells.map(({ label }) => label.xMm),
    y: cells.map(({ label }) => label.yMm),
    text: cells.map(({ name, state }) => (words[state] ? `${name} · ${words[state]}` : name)),
    textfont: { size: Math.max(11, Math.round(3.1 * pxPerMm)), weight: 700, color: "#000" },
  };
}
