// A sheet as plain SVG, for what is looked at beside the sheet itself: one lead enlarged, median beats, a lens.
//
// Its geometry is that of the sheet, made by the same functions, so that a millivolt is as high and a second as long.

import { rulingPath } from "../ecg/ruling.js";
import { figure } from "../ecg/sheet.js";
import { svg } from "../svg.js";

const LARGEST_NAME_PX = 15;

/**
 * An SVG of `signal` on `sheet`, `pxPerMm` large; its user units are millimetres, y down.
 *
 * @param {Function} words the page's texts @param {{classOf?: (name: string) => string}} options a class per lead
 */
export function strip(signal, sheet, pxPerMm, words, { classOf = () => "" } = {}) {
  const states = { missing: words("lead-missing"), flat: words("lead-flat"), derived: words("lead-derived") };
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
          d: pathOf(trace, heightMm),
        }),
      ),
    ...data.filter(({ mode }) => mode === "text").flatMap((trace) => textsOf(trace, heightMm, pxPerMm)),
  );
}

/** The points of a trace as a path; it breaks where there is no value. */
export function pathOf({ x, x0, dx, y }, heightMm) {
  let path = "";
  let isOn = false;
  for (let i = 0; i < y.length; i += 1) {
    if (y[i] === null || Number.isNaN(y[i])) {
      isOn = false;
      continue;
    }
    path += `${isOn ? "L" : "M"}${(x ? x[i] : x0 + i * dx).toFixed(3)} ${(heightMm - y[i]).toFixed(3)}`;
    isOn = true;
  }
  return path;
}

function textsOf({ x, y, text, textfont }, heightMm, pxPerMm) {
  // The paper is enlarged, the names need not be.
  const size = (i) =>
    Math.min(Array.isArray(textfont.size) ? textfont.size[i] : textfont.size, LARGEST_NAME_PX) / pxPerMm;
  return text.map((name, i) => {
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
 * A sheet of one row for the leads `names`, all on one baseline, with the paper that their waves need.
 *
 * @param {object} signal @param {{window: object, speedMmPerS: number, gainMmPerMv: number}} settings
 * @param {{lead: number, name: string}[]} leads
 */
export function row(signal, { window, speedMmPerS, gainMmPerMv }, leads, lacking) {
  const leftMm = 15;
  const rightMm = leftMm + (window.endS - window.startS) * speedMmPerS;
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
