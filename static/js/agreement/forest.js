// <forest-plot>: a coefficient of every class with its interval, and the counts behind it.
//
// Plotly draws the middle: axis, intervals, points. What stands left and right of it are rows of text, each a link to
// the exams of the class, that lie over the plot line by line: one stop of the Tab key, arrows go from row to row.
// The same numbers stand in the table below.

import { embedded, make } from "../dom.js";
import { plain } from "../fold_case.js";
import { canPlot, colour, keepDrawn, plot, separatorsOf } from "../plot.js";

export const ROW_PX = 26;
const TOP_PX = 26;
const FOOT_PX = 10;
const SIDE_PX = 18; // for the numbers at the ends of the axis
const PAD = 0.03; // of the axis, so that a point at its end is whole

/** The ends of the axis: 0 to 1, and lower where a coefficient or its interval is below 0. */
export function axisOf(rows) {
  const lowest = Math.min(0, ...rows.map((row) => row.low ?? row.estimate ?? 0));
  const from = Math.max(-1, Math.floor(lowest * 5) / 5);
  return [from - PAD, 1 + PAD];
}

/** The traces and the layout of `rows`, the first at the top. */
export function figure(rows, { words, colours, font, separators, width }) {
  const of = (isRare, color, symbol) => {
    const some = rows
      .map((row, place) => ({ ...row, place }))
      .filter((row) => row.estimate !== null && row.isRare === isRare);
    return {
      x: some.map((row) => row.estimate),
      y: some.map((row) => row.place),
      error_x: {
        type: "data",
        symmetric: false,
        array: some.map((row) => (row.high ?? row.estimate) - row.estimate),
        arrayminus: some.map((row) => row.estimate - (row.low ?? row.estimate)),
        color,
        thickness: 1.8,
        width: 0,
      },
      mode: "markers",
      cliponaxis: false,
      marker: { color: isRare ? colours.raised : color, size: 8, symbol, line: { color, width: 1.8 } },
      showlegend: false,
    };
  };
  const data = [of(false, colours.accent, "square"), of(true, colours.warning, "circle")].filter(
    (trace) => trace.x.length,
  );
  const axis = { linecolor: colours.line, zeroline: false, fixedrange: true };
  const layout = {
    width,
    height: heightOf(rows),
    margin: { l: SIDE_PX, r: SIDE_PX, t: TOP_PX, b: FOOT_PX },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    separators,
    font: { family: font, size: 12, color: colours.ink },
    xaxis: {
      ...axis,
      side: "top",
      range: axisOf(rows),
      gridcolor: colours.line,
      dtick: width < 260 ? 0.5 : 0.2,
      tickformat: words.isShare ? ".0%" : ".1f",
      zeroline: true,
      zerolinecolor: colours.strong,
      ticks: "",
    },
    yaxis: { ...axis, range: [rows.length - 0.5, -0.5], visible: false },
  };
  return { data, layout };
}

export function heightOf(rows) {
  return TOP_PX + rows.length * ROW_PX + FOOT_PX;
}

/** The row that a key leads to from the row at `place`, or null: not a key of ours. */
export function reached(key, place, n) {
  const steps = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    Home: 0,
    End: n - 1,
    PageDown: place + 10,
    PageUp: place - 10,
  };
  return key in steps ? Math.min(Math.max(steps[key], 0), n - 1) : null;
}

/** The rows whose name or abbreviation has every word of `text`. */
export function matching(rows, text) {
  const words = plain(text).split(/\s+/);
  return rows.filter((row) => words.every((word) => plain(`${row.label} ${row.name}`).includes(word)));
}

/** What is said of a row, in a line. */
export function said(row, words) {
  const number =
    row.estimate === null
      ? row.reason
      : [row.text, row.interval && `(${row.interval})`, row.word].filter(Boolean).join(" ");
  return [`${row.name}: ${words.measure} ${number}`, row.sentence, row.isRare ? words.rare : ""]
    .filter(Boolean)
    .join(" · ");
}

if (typeof HTMLElement !== "undefined") {
  class ForestPlot extends HTMLElement {
    connectedCallback() {
      if (!canPlot()) return;
      this.hidden = false;
      this.rows = embedded(this.dataset.source);
      this.words = embedded(this.dataset.words);
      this.setAttribute("role", "group");
      this.setAttribute("aria-label", this.words.measure);
      this.picture = make("div", { class: "forest-picture", "aria-hidden": "true" });
      this.list = make("ul", { class: "forest-rows", role: "list" });
      this.note = make("p", { class: "forest-note help", "aria-hidden": "true" }, this.words.open);
      this.append(this.#head(), make("div", { class: "forest-body" }, this.picture, this.list), this.note);
      this.#fill(this.rows);
      this.list.addEventListener("keydown", (event) => this.#step(event));
      this.list.addEventListener("focusin", (event) => this.#tell(event.target));
      this.list.addEventListener("pointerover", (event) => this.#tell(event.target));
      keepDrawn(this);
      document
        .getElementById(this.dataset.filter)
        ?.addEventListener("input", (event) => this.#filter(event.target.value));
    }

    #head() {
      const { words } = this;
      const cells = [
        make("span", {}, words.class),
        make("span", {}, words.measure),
        make("span", {}, words.counts),
        make("span", {}, words.estimate),
      ];
      return make("p", { class: "forest-head", "aria-hidden": "true" }, ...cells);
    }

    #fill(rows) {
      this.shown = rows;
      this.list.replaceChildren(...rows.map((row, place) => make("li", {}, this.#row(row, place))));
    }

    #row(row, place) {
      const label = make(
        "span",
        { class: "forest-label", title: row.name },
        make("strong", {}, row.label),
        make("span", { class: "forest-name" }, row.aside ?? row.name),
      );
      const gap = make(
        "span",
        { class: row.estimate === null ? "forest-gap reason" : "forest-gap" },
        row.estimate === null ? row.reason : "",
      );
      const number = make(
        "span",
        { class: "forest-number" },
        make("b", {}, row.text),
        make("span", { class: "interval" }, row.interval),
      );
      const cells = [label, gap, make("span", { class: "forest-counts" }, row.counts), number];
      return make(
        "a",
        {
          href: row.url,
          tabindex: place ? "-1" : "0",
          "aria-label": said(row, this.words),
          "data-place": String(place),
        },
        ...cells,
      );
    }

    /** Show what fits `text`, here and in the table below. */
    #filter(text) {
      const kept = matching(this.rows, text);
      const codes = new Set(kept.map((row) => row.code));
      for (const line of document.querySelectorAll("tr[data-code]"))
        line.hidden = !codes.has(line.dataset.code);
      this.#fill(kept);
      this.draw();
    }

    #step(event) {
      const links = [...this.list.querySelectorAll("a")];
      const to = reached(event.key, links.indexOf(document.activeElement), links.length);
      if (to === null) return;
      event.preventDefault();
      for (const link of links) link.tabIndex = -1;
      links[to].tabIndex = 0;
      links[to].focus();
    }

    #tell(target) {
      const row = this.shown[target.closest("a")?.dataset.place];
      if (row) this.note.textContent = said(row, this.words);
    }

    async draw() {
      if (!this.picture.clientWidth) return;
      const style = getComputedStyle(this);
      const drawn = figure(this.shown, {
        words: this.words,
        colours: {
          accent: colour(style, "accent"),
          warning: colour(style, "warning"),
          raised: colour(style, "surface-raised"),
          line: colour(style, "line"),
          strong: colour(style, "line-strong"),
          ink: colour(style, "ink-soft"),
        },
        font: style.fontFamily,
        separators: separatorsOf(document.documentElement.lang),
        width: this.picture.clientWidth,
      });
      this.picture.style.height = `${heightOf(this.shown)}px`;
      await plot(this.picture, drawn);
    }
  }

  customElements.define("forest-plot", ForestPlot);
}
