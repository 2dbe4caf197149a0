// <line-chart>: how many readings were submitted by the end of each day.
//
// The numbers stand in a table below it; the colours are those of the page, asked for anew when the theme changes.

import { embedded } from "./dom.js";
import { canPlot, colour, keepDrawn, plot } from "./plot.js";

const DAY_MS = 86_400_000;
const LABEL_PX = 110;

const MARGIN = Object.freeze({ l: 52, r: 16, t: 12, b: 44 });

/** The traces and the layout of the chart, as Plotly wants them. */
export function figure(curve, { total, words, colours, font, width, height }) {
  const line = (color, dash) => ({ color, width: 2.5, dash, shape: "linear" });
  const data = [
    {
      x: curve.days,
      y: curve.done,
      name: words.done,
      mode: "lines",
      line: line(colours.accent, "solid"),
      fill: "tozeroy",
      fillcolor: colours.soft,
    },
    {
      x: curve.ahead,
      y: curve.expected,
      name: words.expected,
      mode: "lines",
      line: line(colours.accent, "dot"),
    },
    {
      x: ends(curve),
      y: [total, total],
      name: words.total,
      mode: "lines",
      line: { color: colours.faint, width: 1.5, dash: "dash" },
    },
  ].filter((trace) => trace.x.length);
  const axis = {
    gridcolor: colours.line,
    linecolor: colours.line,
    zeroline: false,
    tickcolor: colours.line,
    fixedrange: true,
  };
  const layout = {
    width,
    height,
    margin: MARGIN,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: font, size: 13, color: colours.ink },
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

/** The first and the last day of the chart. */
export function ends(curve) {
  return [curve.days[0], curve.ahead.at(-1) ?? curve.days.at(-1)];
}

/** Whole days between two labels, so that none is told twice and none touches the next. */
function daysApart(curve, width) {
  const [first, last] = ends(curve).map(Date.parse);
  return Math.max(1, Math.ceil((last - first) / DAY_MS / Math.max(2, Math.floor(width / LABEL_PX))));
}

if (typeof HTMLElement !== "undefined") {
  class LineChart extends HTMLElement {
    connectedCallback() {
      this.setAttribute("role", "img");
      this.plot = document.createElement("div");
      this.append(this.plot);
      keepDrawn(this);
    }

    async draw() {
      if (!this.clientWidth || !canPlot()) return;
      const style = getComputedStyle(this);
      const drawn = figure(embedded(this.dataset.source), {
        total: Number(this.dataset.total),
        words: embedded(this.dataset.words),
        colours: {
          accent: colour(style, "accent"),
          soft: colour(style, "accent-soft"),
          faint: colour(style, "ink-faint"),
          line: colour(style, "line"),
          ink: colour(style, "ink-soft"),
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
