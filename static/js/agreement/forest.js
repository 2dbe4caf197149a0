// <forest-plot>: the coefficient of every class with its interval and counts.
//
// Plotly draws the axis, intervals and points. The text to the left and right is a list of rows laid over
// the plot, each a link to the exams of the class. The list is one tab stop; arrow keys move between rows. A
// table below the plot has the same numbers.

import { closestTo, embedded, findAll, make } from "../dom.js";
import { foldCase } from "../texts.js";
import { canPlot, color, plot, redrawOnChange, separatorsOf } from "../plot.js";

/** @import { Figure } from "../ecg/types.js" */

/**
 * @typedef {object} Row
 * @property {string} code
 * @property {string} label
 * @property {string} name
 * @property {string} [aside]
 * @property {string} url
 * @property {number | null} estimate
 * @property {number | null} low
 * @property {number | null} high
 * @property {string} text
 * @property {string} interval
 * @property {string} counts
 * @property {string} reason
 * @property {string} word
 * @property {string} sentence
 * @property {boolean} isRare
 */

/** @typedef {Record<string, string>} ForestWords */

export const ROW_PX = 26;
const TOP_PX = 26;
const FOOT_PX = 10;
const SIDE_PX = 18; // for the numbers at the ends of the axis
const PAD = 0.03; // in units of the axis; keeps a point at the end from being cut off

/**
 * Return the range of the axis, padded at both ends. It ends at 1, and starts at 0 or, if a coefficient or
 * its interval is negative, below 0.
 *
 * @param {Row[]} rows
 */
export function axisOf(rows) {
  const lowest = Math.min(0, ...rows.map((row) => row.low ?? row.estimate ?? 0));
  const from = Math.max(-1, Math.floor(lowest * 5) / 5);
  return [from - PAD, 1 + PAD];
}

/**
 * Build the Plotly traces and layout for `rows`, the first row at the top.
 *
 * @param {Row[]} rows
 * @param {{words: ForestWords, colors: Record<string, string>, font: string, separators: string, width:
 *   number}} options
 * @returns {Figure}
 */
export function figure(rows, { words, colors, font, separators, width }) {
  /**
   * @param {boolean} isRare
   * @param {string} color
   * @param {string} symbol
   */
  const of = (isRare, color, symbol) => {
    const subset = rows.flatMap((row, place) =>
      row.estimate !== null && row.isRare === isRare ? [{ ...row, estimate: row.estimate, place }] : [],
    );
    return {
      x: subset.map((row) => row.estimate),
      y: subset.map((row) => row.place),
      error_x: {
        type: "data",
        symmetric: false,
        array: subset.map((row) => (row.high ?? row.estimate) - row.estimate),
        arrayminus: subset.map((row) => row.estimate - (row.low ?? row.estimate)),
        color,
        thickness: 1.8,
        width: 0,
      },
      mode: "markers",
      cliponaxis: false,
      marker: { color: isRare ? colors.raised : color, size: 8, symbol, line: { color, width: 1.8 } },
      showlegend: false,
    };
  };
  const data = [of(false, colors.accent, "square"), of(true, colors.warning, "circle")].filter(
    (trace) => trace.x.length,
  );
  const axis = { linecolor: colors.line, zeroline: false, fixedrange: true };
  const layout = {
    width,
    height: heightOf(rows),
    margin: { l: SIDE_PX, r: SIDE_PX, t: TOP_PX, b: FOOT_PX },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    separators,
    font: { family: font, size: 12, color: colors.ink },
    xaxis: {
      ...axis,
      side: "top",
      range: axisOf(rows),
      gridcolor: colors.line,
      dtick: width < 260 ? 0.5 : 0.2,
      tickformat: words.isShare ? ".0%" : ".1f",
      zeroline: true,
      zerolinecolor: colors.strong,
      ticks: "",
    },
    yaxis: { ...axis, range: [rows.length - 0.5, -0.5], visible: false },
  };
  return { data, layout };
}

/** @param {Row[]} rows */
export function heightOf(rows) {
  return TOP_PX + rows.length * ROW_PX + FOOT_PX;
}

/**
 * Return the index of the row that a key moves to, or null if it is not a navigation key.
 *
 * @param {string} key
 * @param {number} place
 * @param {number} n
 */
export function reached(key, place, n) {
  /** @type {Record<string, number>} */
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

/**
 * Return the rows whose name or abbreviation contains every word of `text`.
 *
 * @param {Row[]} rows
 * @param {string} text
 */
export function matching(rows, text) {
  const words = foldCase(text).split(/\s+/);
  return rows.filter((row) => words.every((word) => foldCase(`${row.label} ${row.name}`).includes(word)));
}

/**
 * Summarize a row in one line, for the note below the plot and for screen readers.
 *
 * @param {Row} row
 * @param {ForestWords} words
 */
export function summaryOf(row, words) {
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
    /** @type {Row[]} */
    rows = [];

    /**
     * The rows that match the filter.
     *
     * @type {Row[]}
     */
    shown = [];

    /** @type {ForestWords} */
    words = {};

    picture = make("div", { class: "forest-picture", "aria-hidden": "true" });
    list = make("ul", { class: "forest-rows", role: "list" });
    note = make("p", { class: "forest-note help", "aria-hidden": "true" });

    connectedCallback() {
      if (!canPlot()) return;
      this.hidden = false;
      this.rows = embedded(this.dataset.source);
      this.words = embedded(this.dataset.words);
      this.setAttribute("role", "group");
      this.setAttribute("aria-label", this.words.measure);
      this.note.textContent = this.words.open;
      this.append(this.#head(), make("div", { class: "forest-body" }, this.picture, this.list), this.note);
      this.#fill(this.rows);
      this.list.addEventListener("keydown", (event) => this.#step(event));
      this.list.addEventListener("focusin", (event) => this.#showNote(event));
      this.list.addEventListener("pointerover", (event) => this.#showNote(event));
      redrawOnChange(this);
      const filter = /** @type {HTMLInputElement | null} */ (
        document.getElementById(this.dataset.filter ?? "")
      );
      filter?.addEventListener("input", () => this.#filter(filter.value));
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

    /** @param {Row[]} rows */
    #fill(rows) {
      this.shown = rows;
      this.list.replaceChildren(...rows.map((row, place) => make("li", {}, this.#row(row, place))));
    }

    /**
     * @param {Row} row
     * @param {number} place
     */
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
          "aria-label": summaryOf(row, this.words),
          "data-place": String(place),
        },
        ...cells,
      );
    }

    /**
     * Show only the rows that match `text`, in the plot and in the table below.
     *
     * @param {string} text
     */
    #filter(text) {
      const matches = matching(this.rows, text);
      const codes = new Set(matches.map((row) => row.code));
      for (const line of findAll(document, "tr[data-code]"))
        line.hidden = !codes.has(line.dataset.code ?? "");
      this.#fill(matches);
      this.draw();
    }

    /** @param {KeyboardEvent} event */
    #step(event) {
      const links = findAll(this.list, "a");
      const at = links.findIndex((link) => link === document.activeElement);
      const to = reached(event.key, at, links.length);
      if (to === null) return;
      event.preventDefault();
      for (const link of links) link.tabIndex = -1;
      links[to].tabIndex = 0;
      links[to].focus();
    }

    /** @param {Event} event */
    #showNote(event) {
      const row = this.shown[Number(closestTo(event, "a")?.dataset.place)];
      if (row) this.note.textContent = summaryOf(row, this.words);
    }

    async draw() {
      if (!this.picture.clientWidth) return;
      const style = getComputedStyle(this);
      const drawn = figure(this.shown, {
        words: this.words,
        colors: {
          accent: color(style, "accent"),
          warning: color(style, "warning"),
          raised: color(style, "surface-raised"),
          line: color(style, "line"),
          strong: color(style, "line-strong"),
          ink: color(style, "ink-soft"),
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
