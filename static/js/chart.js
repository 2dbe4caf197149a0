// <line-chart>: readings submitted by the end of each day, and those expected on the days ahead.
//
// The same numbers are in a table below it. Colors follow the theme.

import { embedded } from "./dom.js";
import { canPlot, color, plot, redrawOnChange } from "./plot.js";

/** @import { Figure } from "./ecg/types.js" */

/** @typedef {{days: string[], done: number[], ahead: string[], expected: number[]}} Curve */

const DAY_MS = 86_400_000;
const LABEL_PX = 110;

const MARGIN = Object.freeze({ l: 52, r: 16, t: 12, b: 44 });

/**
 * Build the Plotly traces and layout of the chart.
 *
 * @param {Curve} curve
 * @param {{total: number, words: Record<string, string>, colors: Record<string, string>, font: string,
 *   width: number, height: number}} options
 * @returns {Figure}
 */
export function figure(curve, { total, words, colors, font, width, height }) {
  /**
   * @param {string} color
   * @param {string} dash
   */
  const line = (color, dash) => ({ color, width: 2.5, dash, shape: "linear" });
  const data = [
    {
      x: curve.days,
      y: curve.done,
      name: words.done,
      mode: "lines",
      line: line(colors.accent, "solid"),
      fill: "tozeroy",
      fillcolor: colors.soft,
    },
    {
      x: curve.ahead,
      y: curve.expected,
      name: words.expected,
      mode: "lines",
      line: line(colors.accent, "dot"),
    },
    {
      x: ends(curve),
      y: [total, total],
      name: words.total,
      mode: "lines",
      line: { color: colors.faint, width: 1.5, dash: "dash" },
    },
  ].filter((trace) => trace.x.length);
  const axis = {
    gridcolor: colors.line,
    linecolor: colors.line,
    zeroline: false,
    tickcolor: colors.line,
    fixedrange: true,
  };
  const layout = {
    width,
    height,
    margin: MARGIN,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: font, size: 13, color: colors.ink },
    xaxis: {
      ...axis,
      type: "date",
      tickformat: "%d/%m",
      tick0: curve.days[0],
      dtick: daysApart(curve, width) * DAY_MS,
    },
    yaxis: {
      ...axis,
      rangemode: "tozero",
      range: [0, Math.max(total, ...curve.done, 1) * 1.08],
      tickformat: ",d",
      separatethousands: true,
    },
    showlegend: true,
    legend: { orientation: "h", x: 0, y: -0.16, yanchor: "top" },
  };
  return { data, layout };
}

/**
 * Return the first and last day of the chart.
 *
 * @param {Curve} curve
 */
export function ends(curve) {
  return [curve.days[0], curve.ahead.at(-1) ?? curve.days[curve.days.length - 1]];
}

/**
 * Return the number of days between axis labels that keeps labels from repeating or touching.
 *
 * @param {Curve} curve
 * @param {number} width
 */
function daysApart(curve, width) {
  const [first, last] = ends(curve).map((day) => Date.parse(day));
  return Math.max(1, Math.ceil((last - first) / DAY_MS / Math.max(2, Math.floor(width / LABEL_PX))));
}

if (typeof HTMLElement !== "undefined") {
  class LineChart extends HTMLElement {
    plot = document.createElement("div");

    connectedCallback() {
      this.setAttribute("role", "img");
      this.append(this.plot);
      redrawOnChange(this);
    }

    async draw() {
      if (!this.clientWidth || !canPlot()) return;
      const style = getComputedStyle(this);
      const drawn = figure(embedded(this.dataset.source), {
        total: Number(this.dataset.total),
        words: embedded(this.dataset.words),
        colors: {
          accent: color(style, "accent"),
          soft: color(style, "accent-soft"),
          faint: color(style, "ink-faint"),
          line: color(style, "line"),
          ink: color(style, "ink-soft"),
        },
        font: style.fontFamily,
        width: this.clientWidth,
        height: this.clientHeight,
      });
      await plot(this.plot, drawn);
    }
  }

  customElements.define("line-chart", LineChart);
}
