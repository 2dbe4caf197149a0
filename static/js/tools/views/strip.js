// Draws a sheet as plain SVG, for the tools: one lead enlarged, leads superimposed, median beats, the
// lens.
//
// The geometry comes from the same functions as that of the main sheet, so millivolts and seconds keep
// their proportions.

import { rulingPath } from "../../ecg/ruling.js";
import { figure } from "../../ecg/sheet.js";
import { svg } from "../../svg.js";

/** @import { Cell, PlotlyObject, Sheet, Signal } from "../../ecg/types.js" */
/** @import { Words } from "../../texts.js" */

/** @typedef {{x?: number[], x0?: number, dx?: number, y: ArrayLike<number | null>}} LineTrace */

const MAX_NAME_PX = 15;

/**
 * Draw `signal` on `sheet` as SVG at `pxPerMm`. Its user units are millimeters, y down.
 *
 * @param {Signal} signal
 * @param {Sheet} sheet
 * @param {number} pxPerMm
 * @param {Words} words
 * @param {{classOf?: (name: string) => string}} [options] `classOf` returns the CSS class of a lead
 */
export function strip(signal, sheet, pxPerMm, words, { classOf = () => "" } = {}) {
  const states = {
    missing: words("lead-not-recorded"),
    flat: words("lead-flat"),
    derived: words("lead-derived"),
  };
  const { data } = figure(signal, sheet, pxPerMm, states);
  const { widthMm, heightMm } = sheet;
  return svg(
    "svg",
    {
      class: "strip",
      viewBox: `0 0 ${widthMm} ${heightMm}`,
      width: widthMm * pxPerMm,
      height: heightMm * pxPerMm,
    },
    svg("path", { class: "strip-minor", d: rulingPath(sheet, { isMajor: false }) }),
    svg("path", { class: "strip-major", d: rulingPath(sheet, { isMajor: true }) }),
    ...data
      .filter(({ mode }) => mode === "lines")
      .map((trace) =>
        svg("path", {
          class: `strip-trace ${classOf(trace.name)} ${trace.name === "absent" ? "is-absent" : ""}`,
          d: pathOf(/** @type {LineTrace} */ (trace), heightMm),
        }),
      ),
    ...data.filter(({ mode }) => mode === "text").flatMap((trace) => textsOf(trace, heightMm, pxPerMm)),
  );
}

/**
 * Return the points of a trace as a path, interrupted at samples without a value.
 *
 * @param {LineTrace} trace
 * @param {number} heightMm
 */
export function pathOf({ x, x0 = 0, dx = 0, y }, heightMm) {
  let path = "";
  let isOn = false;
  for (let i = 0; i < y.length; i += 1) {
    const height = y[i];
    if (height === null || Number.isNaN(height)) {
      isOn = false;
      continue;
    }
    path += `${isOn ? "L" : "M"}${(x ? x[i] : x0 + i * dx).toFixed(3)} ${(heightMm - height).toFixed(3)}`;
    isOn = true;
  }
  return path;
}

/**
 * @param {PlotlyObject} trace in text mode
 * @param {number} heightMm
 * @param {number} pxPerMm
 */
function textsOf({ x, y, text, textfont }, heightMm, pxPerMm) {
  // Do not enlarge the names with the paper.
  /** @param {number} i */
  const size = (i) =>
    Math.min(Array.isArray(textfont.size) ? textfont.size[i] : textfont.size, MAX_NAME_PX) / pxPerMm;
  return text.map((/** @type {string} */ name, /** @type {number} */ i) => {
    const element = svg("text", {
      class: "strip-name",
      x: x[i],
      y: heightMm - y[i] + 0.36 * size(i),
      "font-size": size(i),
    });
    element.textContent = name;
    return element;
  });
}

/**
 * Lay out a sheet of one row with all `leads` on one baseline, with as much paper as their waves need.
 *
 * @param {Signal} signal
 * @param {Pick<Sheet, "window" | "speedMmPerS" | "gainMmPerMv">} settings
 * @param {{lead: number, name: string, sign?: number}[]} leads
 * @param {(signal: Signal, sheet: Sheet) => {headMm: number, footMm: number}} lacking
 * @returns {Sheet}
 */
export function row(signal, { window, speedMmPerS, gainMmPerMv }, leads, lacking) {
  const leftMm = 15;
  const rightMm = leftMm + (window.endS - window.startS) * speedMmPerS;
  /**
   * @param {number} headMm
   * @param {number} footMm
   */
  const bare = (headMm, footMm) => {
    const baselineMm = 15 + footMm;
    return {
      arrangement: "one lead",
      order: "standard",
      filter: "off",
      isClose: true,
      window,
      speedMmPerS,
      gainMmPerMv,
      widthMm: rightMm + 1,
      heightMm: 35 + headMm + footMm,
      cells: leads.map(({ lead, name, sign = 1 }) => ({
        name,
        row: 0,
        lead,
        sign,
        leftMm,
        rightMm,
        baselineMm,
        startS: window.startS,
        endS: window.endS,
      })),
      pulses: [
        {
          xMm: [2.5, 5, 5, 10, 10, 12.5].map((x) => (x - 2.5) * (speedMmPerS / 25) + 2.5),
          yMm: [0, 0, 1, 1, 0, 0].map((v) => baselineMm + v * gainMmPerMv),
        },
      ],
    };
  };
  const { headMm, footMm } = lacking(signal, bare(0, 0));
  return bare(headMm, footMm);
}
