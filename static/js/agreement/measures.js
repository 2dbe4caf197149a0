// <measure-chart>: points with intervals, or curves, as annotations/views/agreement/charts.py describes them.
//
// The same numbers are in a table on the page. Colors follow the theme.

import { embedded } from "../dom.js";
import { canPlot, color, plot, redrawOnChange, separatorsOf } from "../plot.js";

/** @import { Figure, PlotlyObject } from "../ecg/types.js" */

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {"main" | "other" | "faint" | "curve"} look
 * @property {boolean} is_line
 * @property {number[]} x
 * @property {number[]} y
 * @property {(number | null)[]} low
 * @property {(number | null)[]} high
 */

/**
 * @typedef {object} ChartAxis
 * @property {string} title
 * @property {boolean} is_share
 * @property {boolean} is_points
 * @property {boolean} is_log
 * @property {boolean} from_zero
 * @property {number} lowest
 * @property {string[]} names
 */

/** @typedef {{x: ChartAxis, y: ChartAxis, series: Series[], across: boolean, line: number | null}} Chart */

/**
 * @typedef {Record<"accent" | "warning" | "faint" | "line" | "strong" | "ink", string> & {curves:
 *   string[]}} Colors
 */

const ROW_PX = 30;
const LEGEND_PX = 22;
const ENTRY_PX = 125; // width of a legend entry
const LABEL_PX = 8.8; // width of a letter in the name of a row
const MAX_LABEL_SHARE = 0.42; // of the chart's width
const DASHES = Object.freeze(["solid", "dot", "dash", "dashdot", "longdash"]);
const SYMBOLS = Object.freeze(["circle", "diamond", "square", "triangle-up", "cross"]);

/**
 * Return the height of a chart in pixels. It grows with the number of rows and with the lines of
 * the legend.
 *
 * @param {Chart} chart
 * @param {number} width
 */
export function heightOf(chart, width) {
  const rows = chart.y.names.length;
  return (rows ? rows * ROW_PX + 12 : 240) + footOf(chart) + legendOf(chart, width);
}

/**
 * Return the height in pixels of the axis labels and title below the plot.
 *
 * @param {Chart} chart
 */
function footOf(chart) {
  return chart.x.title ? 58 : 34;
}

/**
 * @param {Chart} chart
 * @param {number} width
 */
function legendOf({ series }, width) {
  return series.length > 1 ? 10 + LEGEND_PX * Math.ceil((series.length * ENTRY_PX) / (width - 80)) : 0;
}

/**
 * Build the Plotly traces and layout of a chart.
 *
 * @param {Chart} chart
 * @param {{colors: Colors, font: string, separators: string, width: number}} options
 * @returns {Figure}
 */
export function figure(chart, { colors, font, separators, width }) {
  const drawn = chart.series.filter((series) => series.x.length);
  const data = drawn.map((series) => trace(series, rankOf(series, drawn), chart, colors));
  const layout = {
    width,
    height: heightOf(chart, width),
    margin: { l: leftOf(chart, width), r: 18, t: 12, b: footOf(chart) + legendOf(chart, width) },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    separators,
    font: { family: font, size: 13, color: colors.ink },
    xaxis: axis(chart.x, colors, false),
    yaxis: axis(chart.y, colors, true),
    showlegend: chart.series.length > 1,
    legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom" },
    shapes: chart.line === null ? [] : [dashed(chart, colors)],
  };
  return { data, layout };
}

/**
 * Count the earlier series of the same type. The count chooses the color of a curve, the dash of a line or
 * the symbol of points.
 *
 * @param {Series} series
 * @param {Series[]} all
 */
function rankOf(series, all) {
  return all.slice(0, all.indexOf(series)).filter((other) => other.is_line === series.is_line).length;
}

/**
 * Return the width in pixels of the row names or axis numbers on the left.
 *
 * @param {Chart} chart
 * @param {number} width
 */
function leftOf(chart, width) {
  const longest = Math.max(0, ...chart.y.names.map((name) => name.length));
  return longest ? Math.min(longest * LABEL_PX + 16, width * MAX_LABEL_SHARE) : 62;
}

/**
 * @param {Series} series
 * @param {number} place
 * @param {Chart} chart
 * @param {Colors} colors
 */
function trace(series, place, chart, colors) {
  const looks = { main: colors.accent, other: colors.warning, faint: colors.faint };
  const color = series.look === "curve" ? colors.curves[place % colors.curves.length] : looks[series.look];
  const base = { x: series.x, y: series.y, name: series.name, hoverinfo: "skip" };
  if (series.is_line)
    return { ...base, mode: "lines", line: { color, width: 2.5, dash: DASHES[place % DASHES.length] } };
  const along = chart.across ? "x" : "y";
  const drawn = {
    ...base,
    mode: "markers",
    marker: { color, size: series.look === "faint" ? 8 : 10, symbol: SYMBOLS[place % SYMBOLS.length] },
  };
  if (!series.low.length) return drawn;
  return { ...drawn, [`error_${along}`]: bars(series, series[along], color) };
}

/**
 * Build Plotly error bars, which are distances from the points, from the ends of intervals.
 *
 * @param {{low: (number | null)[], high: (number | null)[]}} interval
 * @param {number[]} values
 * @param {string} color
 */
export function bars({ low, high }, values, color) {
  /**
   * @param {(number | null)[]} end
   * @param {number} sign
   */
  const reach = (end, sign) =>
    values.map((value, place) => (end[place] === null ? 0 : sign * (end[place] - value)));
  return {
    type: "data",
    symmetric: false,
    array: reach(high, 1),
    arrayminus: reach(low, -1),
    color,
    thickness: 2,
    width: 0,
  };
}

/**
 * @param {ChartAxis} axis
 * @param {Colors} colors
 * @param {boolean} isUpright
 * @returns {PlotlyObject}
 */
function axis({ title, is_share, is_points, is_log, from_zero, lowest, names }, colors, isUpright) {
  const base = {
    gridcolor: colors.line,
    linecolor: colors.line,
    tickcolor: colors.line,
    zeroline: false,
    fixedrange: true,
    automargin: false,
    title: { text: title, standoff: 10 },
  };
  if (names.length) {
    const [first, last] = [-0.5, names.length - 0.5];
    // Rows are placed by index, not by name, because two rows may have the same name.
    return {
      ...base,
      showgrid: false,
      tickangle: 0,
      tickmode: "array",
      tickvals: names.map((_, place) => place),
      ticktext: names.map(short),
      range: isUpright ? [last, first] : [first, last],
    };
  }
  if (is_share)
    return {
      ...base,
      tickformat: ",.0%",
      range: [lowest - 0.02 * (1 - lowest), 1 + 0.02 * (1 - lowest)],
      dtick: lowest < 0.5 ? 0.2 : 0.1,
    };
  if (is_points) return { ...base, tickformat: "+.0%" };
  if (is_log) return { ...base, type: "log", dtick: "D2", exponentformat: "none", tickformat: ",d" };
  return from_zero ? { ...base, rangemode: "tozero" } : base;
}

/** @param {string} name */
function short(name) {
  return name.length > 30 ? `${name.slice(0, 29)}…` : name;
}

/**
 * @param {Chart} chart
 * @param {Colors} colors
 */
function dashed(chart, colors) {
  const at = chart.line;
  const line = { color: colors.strong, width: 1.5, dash: "dash" };
  const across = { type: "line", xref: "paper", x0: 0, x1: 1, y0: at, y1: at, line };
  return chart.across ? { type: "line", yref: "paper", y0: 0, y1: 1, x0: at, x1: at, line } : across;
}

if (typeof HTMLElement !== "undefined") {
  class MeasureChart extends HTMLElement {
    plot = document.createElement("div");

    connectedCallback() {
      this.setAttribute("role", "img");
      this.append(this.plot);
      redrawOnChange(this);
    }

    async draw() {
      if (!this.clientWidth || !canPlot()) return;
      const chart = embedded(this.dataset.source);
      const style = getComputedStyle(this);
      /** @param {string} name */
      const named = (name) => color(style, name);
      const drawn = figure(chart, {
        colors: {
          accent: named("accent"),
          warning: named("warning"),
          faint: named("ink-faint"),
          line: named("line"),
          strong: named("line-strong"),
          ink: named("ink-soft"),
          curves: ["accent", "warning", "danger", "ok", "ink-faint"].map(named),
        },
        font: style.fontFamily,
        separators: separatorsOf(document.documentElement.lang),
        width: this.clientWidth,
      });
      this.style.height = `${drawn.layout.height}px`;
      await plot(this.plot, drawn);
    }
  }

  customElements.define("measure-chart", MeasureChart);
}
