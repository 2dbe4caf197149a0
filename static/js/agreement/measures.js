// <measure-chart>: points with intervals, or curves, as agreement_charts.py describes them.
//
// The same numbers stand in a table on the page; the colours are those of the page, asked for anew when the theme changes.

import { embedded } from "../dom.js";
import { canPlot, colour, keepDrawn, plot, separatorsOf } from "../plot.js";

const ROW_PX = 30;
const LEGEND_PX = 22;
const ENTRY_PX = 125; // of the legend
const LABEL_PX = 8.8; // of a letter in the name of a row
const MOST_LABEL = 0.42; // of the width
const DASHES = Object.freeze(["solid", "dot", "dash", "dashdot", "longdash"]);
const SYMBOLS = Object.freeze(["circle", "diamond", "square", "triangle-up", "cross"]);

/** How tall a chart is: one with rows grows with them, and a narrow one with its legend. */
export function heightOf(chart, width) {
  const rows = chart.y.names.length;
  return (rows ? rows * ROW_PX + 12 : 240) + footOf(chart) + legendOf(chart, width);
}

/** Room for the numbers of the axis below, and for its title. */
function footOf(chart) {
  return chart.x.title ? 58 : 34;
}

function legendOf({ series }, width) {
  return series.length > 1 ? 10 + LEGEND_PX * Math.ceil((series.length * ENTRY_PX) / (width - 80)) : 0;
}

/** The traces and the layout of a chart, as Plotly wants them. */
export function figure(chart, { colours, font, separators, width }) {
  const drawn = chart.series.filter((series) => series.x.length);
  const data = drawn.map((series) => trace(series, rankOf(series, drawn), chart, colours));
  const layout = {
    width,
    height: heightOf(chart, width),
    margin: { l: leftOf(chart, width), r: 18, t: 12, b: footOf(chart) + legendOf(chart, width) },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    separators,
    font: { family: font, size: 13, color: colours.ink },
    xaxis: axis(chart.x, colours, false),
    yaxis: axis(chart.y, colours, true),
    showlegend: chart.series.length > 1,
    legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom" },
    shapes: chart.line === null ? [] : [dashed(chart, colours)],
  };
  return { data, layout };
}

/** How many of its kind come before it: dashes are for lines, symbols for points. */
function rankOf(series, all) {
  return all.slice(0, all.indexOf(series)).filter((other) => other.is_line === series.is_line).length;
}

/** Room for the names of the rows, or for numbers. */
function leftOf(chart, width) {
  const longest = Math.max(0, ...chart.y.names.map((name) => name.length));
  return longest ? Math.min(longest * LABEL_PX + 16, width * MOST_LABEL) : 62;
}

function trace(series, place, chart, colours) {
  const looks = { main: colours.accent, other: colours.warning, faint: colours.faint };
  const color = series.look === "curve" ? colours.curves[place % colours.curves.length] : looks[series.look];
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

/** Intervals as Plotly wants them: how far they reach from their points. */
export function bars({ low, high }, values, color) {
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

function axis({ title, is_share, is_points, is_log, from_zero, lowest, names }, colours, isUpright) {
  const base = {
    gridcolor: colours.line,
    linecolor: colours.line,
    tickcolor: colours.line,
    zeroline: false,
    fixedrange: true,
    automargin: false,
    title: { text: title, standoff: 10 },
  };
  if (names.length) {
    const [first, last] = [-0.5, names.length - 0.5];
    // By place, not by name: two rows may have one name.
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

function short(name) {
  return name.length > 30 ? `${name.slice(0, 29)}…` : name;
}

function dashed(chart, colours) {
  const at = chart.line;
  const line = { color: colours.strong, width: 1.5, dash: "dash" };
  const across = { type: "line", xref: "paper", x0: 0, x1: 1, y0: at, y1: at, line };
  return chart.across ? { type: "line", yref: "paper", y0: 0, y1: 1, x0: at, x1: at, line } : across;
}

if (typeof HTMLElement !== "undefined") {
  class MeasureChart extends HTMLElement {
    connectedCallback() {
      this.setAttribute("role", "img");
      this.plot = document.createElement("div");
      this.append(this.plot);
      keepDrawn(this);
    }

    async draw() {
      if (!this.clientWidth || !canPlot()) return;
      const chart = embedded(this.dataset.source);
      const style = getComputedStyle(this);
      const named = (name) => colour(style, name);
      const drawn = figure(chart, {
        colours: {
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
