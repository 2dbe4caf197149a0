// The consensus explorer. All numbers are embedded in the page, at every setting of each rule, so moving a
// slider sends no request. The server wrote the tables at the settings of the study.

import { embedded, find, findAll, make } from "../dom.js";
import { svg } from "../svg.js";
import { createTexts } from "../texts.js";

/**
 * @typedef {object} Outcome
 * @property {number | null} setting
 * @property {number[]} present
 */

/** @typedef {{rule: string, parameter: string | null, chosen: number, settings: Outcome[]}} Rule */

/** @typedef {{rule: string, classes: string[], rules: Rule[]}} RulesDocument */

/**
 * @typedef {object} Point
 * @property {string} code
 * @property {number} own labels under the study's rule
 * @property {number} other labels under the rule it is compared with
 * @property {number} low fewest labels under any rule
 * @property {number} high most labels under any rule
 */

const ROW_PX = 24;
const TOP_PX = 28;
const LABEL_PX = 84;
const END_PX = 22;
const RADIUS_PX = 4;

/**
 * Return the value at `path` in an outcome, such as "left_out.0.share"; null if a part is missing.
 *
 * @param {Outcome} outcome
 * @param {string} path
 * @returns {number | null}
 */
export function valueAt(outcome, path) {
  /** @type {any} */
  let value = outcome;
  for (const key of path.split(".")) value = value?.[key] ?? null;
  return value;
}

/**
 * Format a value as the server does.
 *
 * @param {number | null} value
 * @param {string | undefined} format "count", "share" or "hours"
 * @param {string} language
 */
export function written(value, format, language) {
  if (value === null) return "–";
  const digits = format === "count" ? 0 : 1;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: true };
  const number = new Intl.NumberFormat(language, options).format(format === "share" ? 100 * value : value);
  return format === "share" ? `${number}%` : number;
}

/**
 * Return a point per class that has a label under some rule, those with the most labels first.
 *
 * @param {RulesDocument} document
 * @param {(rule: Rule) => Outcome} outcomeOf
 * @param {string} own
 * @param {string} other
 * @returns {Point[]}
 */
export function pointsOf(document, outcomeOf, own, other) {
  const usable = document.rules.filter((rule) => rule.settings.length);
  const counts = new Map(usable.map((rule) => [rule.rule, outcomeOf(rule).present]));
  return document.classes
    .map((code, place) => {
      const all = [...counts.values()].map((present) => present[place]);
      return {
        code,
        own: counts.get(own)?.[place] ?? Math.min(...all),
        other: counts.get(other)?.[place] ?? 0,
        low: Math.min(...all),
        high: Math.max(...all),
      };
    })
    .filter((point) => point.high > 0)
    .sort((a, b) => b.high - a.high || (a.code < b.code ? -1 : 1));
}

/**
 * Return the lower end of the axis: 0, or the largest power of ten from 10 on that no count falls below.
 *
 * @param {number} least
 */
export function startOf(least) {
  return least < 10 ? 0 : 10 ** Math.floor(Math.log10(least));
}

/**
 * Return the position of a number of labels, from 0 to 1, on a logarithmic axis from `start` to `most`.
 *
 * @param {number} n
 * @param {number} start
 * @param {number} most
 */
export function placeOf(n, start, most) {
  const [first, place, last] = [start, n, Math.max(most, start + 1)].map((value) => Math.log1p(value));
  return (place - first) / (last - first);
}

/**
 * Return the numbers to write at the axis: 1, 2, 5, 10 and so on, and only powers of ten if they are many.
 *
 * @param {number} start
 * @param {number} most
 */
export function ticksOf(start, most) {
  const steps = most > 100 * Math.max(start, 1) ? [1] : [1, 2, 5];
  const ticks = start ? [] : [0];
  for (let power = Math.max(start, 1); power <= most; power *= 10)
    ticks.push(...steps.map((step) => step * power).filter((n) => n <= most));
  return ticks;
}

/** The rules at the settings that the sliders show. */
class Settings {
  /** @param {RulesDocument} document */
  constructor(document) {
    this.document = document;
    /** @type {Map<string, Rule>} */
    this.rules = new Map(document.rules.map((rule) => [rule.rule, rule]));
    this.places = new Map(document.rules.map((rule) => [rule.rule, rule.chosen]));
  }

  /** @param {Rule} rule */
  outcomeOf = (rule) => rule.settings[this.places.get(rule.rule) ?? 0];

  /**
   * Move all rules with this parameter to a setting; return its value.
   *
   * @param {string | undefined} parameter
   * @param {number} place
   */
  move(parameter, place) {
    const moved = this.document.rules.filter((rule) => rule.parameter === parameter && rule.settings.length);
    for (const rule of moved) this.places.set(rule.rule, place);
    return moved.length ? moved[0].settings[place].setting : null;
  }

  /**
   * @param {string | undefined} rule
   * @param {string | undefined} path
   */
  value(rule, path) {
    const found = this.rules.get(rule ?? "");
    return found?.settings.length ? valueAt(this.outcomeOf(found), path ?? "") : null;
  }
}

/**
 * Write the numbers of all tables, and draw the bars of each column to the same scale.
 *
 * @param {Settings} settings
 * @param {string} other the rule that is compared with the study's
 */
function writeTables(settings, other) {
  const language = document.documentElement.lang;
  /** @type {Map<string, {bar: Element, value: number}[]>} */
  const columns = new Map();
  for (const cell of findAll(document, "[data-measure]")) {
    const { measure = "", format } = cell.dataset;
    const value = settings.value("other" in cell.dataset ? other : cell.dataset.rule, measure);
    const text = written(value, format, language);
    const part = find(cell, "[data-part=value]");
    if (part.textContent !== text) part.textContent = text;
    const bar = cell.querySelector("[data-part=bar] rect");
    if (bar) columns.set(measure, [...(columns.get(measure) ?? []), { bar, value: value ?? 0 }]);
  }
  for (const bars of columns.values()) {
    const most = Math.max(1e-9, ...bars.map(({ value }) => value));
    for (const { bar, value } of bars)
      bar.setAttribute("width", `${Math.round((1000 * value) / most) / 10}%`);
  }
}

/**
 * Let the links to the amendment carry the settings of the sliders.
 *
 * @param {Settings} settings
 */
function writeLinks(settings) {
  for (const link of findAll(document, "a[data-use]", HTMLAnchorElement)) {
    const rule = settings.rules.get(link.dataset.use ?? "");
    if (!rule?.parameter) continue;
    const url = new URL(link.href);
    url.searchParams.set(`consensus_${rule.parameter}`, String(settings.outcomeOf(rule).setting));
    link.href = url.href;
  }
}

if (typeof HTMLElement !== "undefined") {
  class RuleChart extends HTMLElement {
    /** @type {Point[]} */
    points = [];

    picture = make("div", { class: "rule-picture" });
    legend = make("p", { class: "rule-legend help" });

    connectedCallback() {
      this.setAttribute("role", "img");
      this.append(this.picture, this.legend);
      new ResizeObserver(() => this.draw()).observe(this);
    }

    /**
     * @param {Point[]} points
     * @param {{texts: Record<string, string>, labels: Record<string, string>, names: Record<string, string>,
     *   other: string}} options
     */
    show(points, options) {
      this.points = points;
      this.options = options;
      this.hidden = false;
      this.draw();
    }

    draw() {
      const width = this.clientWidth;
      if (!width || !this.options) return;
      const { texts, labels, names, other } = this.options;
      const words = createTexts(texts);
      const most = Math.max(1, ...this.points.map((point) => point.high));
      const start = startOf(Math.min(...this.points.map((point) => point.low)));
      const height = TOP_PX + this.points.length * ROW_PX;
      /** @param {number} n */
      const x = (n) => LABEL_PX + placeOf(n, start, most) * (width - LABEL_PX - END_PX);
      const language = document.documentElement.lang;
      const axis = ticksOf(start, most).map((n) => {
        const number = svg("text", { class: "tick", x: x(n), y: 14, "text-anchor": "middle" });
        number.textContent = written(n, "count", language);
        const line = svg("line", { class: "grid", x1: x(n), x2: x(n), y1: TOP_PX - 8, y2: height });
        return svg("g", {}, line, number);
      });
      const rows = this.points.map((point, row) => {
        const y = TOP_PX + (row + 0.5) * ROW_PX;
        const name = svg("text", { class: "class", x: LABEL_PX - 12, y: y + 4, "text-anchor": "end" });
        name.textContent = labels[point.code];
        const title = svg("title");
        title.textContent = words("point", { ...point, name: names[point.code] });
        return svg(
          "g",
          { "data-code": point.code },
          title,
          name,
          svg("line", { class: "range", x1: x(point.low), x2: x(point.high), y1: y, y2: y }),
          diamond(x(point.other), y),
          svg("circle", { class: "own", cx: x(point.own), cy: y, r: RADIUS_PX }),
        );
      });
      this.picture.replaceChildren(
        svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, ...axis, ...rows),
      );
      const dot = svg("circle", { class: "own", cx: 9, cy: 9, r: RADIUS_PX });
      const line = svg("line", { class: "range", x1: 2, x2: 16, y1: 9, y2: 9 });
      this.legend.replaceChildren(
        key(dot, words("own")),
        key(diamond(9, 9), other),
        key(line, words("range")),
      );
    }
  }

  customElements.define("rule-chart", RuleChart);

  /**
   * @param {number} x
   * @param {number} y
   */
  function diamond(x, y) {
    const r = RADIUS_PX + 4;
    return svg("path", { class: "other", d: `M${x - r} ${y}l${r} ${-r}l${r} ${r}l${-r} ${r}z` });
  }

  /**
   * @param {Node} mark
   * @param {string} text
   */
  function key(mark, text) {
    const picture = svg("svg", { width: 18, height: 18, "aria-hidden": "true" }, mark);
    return make("span", { class: "rule-key" }, picture, text);
  }

  start();
}

function start() {
  /** @type {RulesDocument} */
  const compared = embedded("rules-document");
  const settings = new Settings(compared);
  const texts = { texts: embedded("rules-words"), labels: embedded("rules-labels") };
  const names = embedded("rules-names");
  const chart = /** @type {any} */ (document.querySelector("rule-chart"));
  const select = /** @type {HTMLSelectElement | null} */ (document.getElementById("other-rule"));

  const update = () => {
    const other = select?.value ?? "";
    writeTables(settings, other);
    writeLinks(settings);
    const label = select?.selectedOptions[0]?.textContent ?? "";
    if (!chart) return;
    find(document, "[data-part=other-name]").textContent = label;
    const points = pointsOf(compared, settings.outcomeOf, compared.rule, other);
    chart.show(points, { ...texts, names, other: label });
  };

  for (const part of findAll(document, "[data-part=sliders], [data-part=highlight]")) part.hidden = false;
  select?.addEventListener("change", update);
  for (const slider of findAll(document, "input[data-parameter]", HTMLInputElement)) {
    const digits = Number(slider.dataset.decimals);
    const options = { minimumFractionDigits: digits };
    const numbers = new Intl.NumberFormat(document.documentElement.lang, options);
    slider.addEventListener("input", () => {
      const value = settings.move(slider.dataset.parameter, Number(slider.value));
      const text = value === null ? "" : numbers.format(value);
      slider.setAttribute("aria-valuetext", text);
      find(document, `output[for=${slider.id}]`).textContent = text;
      update();
    });
  }
  update();
}
