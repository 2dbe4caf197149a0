// The tabs above the sheet: the tracings of the exam, and the patient's previous exam to compare with.

import { closestTo, find, findAll, make } from "../../dom.js";
import { keyTargets, timeSpan, tracingsOf } from "../state/tracings.js";

/** @import { Words } from "../../texts.js" */
/** @import { Tracing } from "../state/tracings.js" */
/** @import { Exam } from "../types.js" */

export class TracingTabs {
  /** @type {Tracing[]} */
  #tracings = [];

  /** @type {string | null} */
  #href = null;

  /**
   * @param {HTMLElement} host
   * @param {{words: Words, language: string, onChoose: (tracing: Tracing) => void}} deps
   */
  constructor(host, deps) {
    this.host = host;
    this.deps = deps;
    host.addEventListener("click", (event) => this.#choose(closestTo(event, "[data-href]")?.dataset.href));
  }

  /**
   * Offer the tracings of `exam`; a single one needs no tab.
   *
   * @param {Exam} exam
   */
  offer(exam) {
    this.#tracings = tracingsOf(exam);
    this.host.replaceChildren(
      ...(this.#tracings.length > 1 ? this.#tracings.map((tracing) => this.#tab(tracing)) : []),
    );
    this.#mark();
  }

  /**
   * Mark the tab of the displayed tracing.
   *
   * @param {string} href
   */
  show(href) {
    this.#href = href;
    this.#mark();
  }

  /** The displayed tracing, or null if none of those offered is displayed. */
  get shown() {
    return this.#tracings.find(({ href }) => href === this.#href) ?? null;
  }

  /**
   * Time from the previous exam to this one, such as "14 months before", while the previous exam is
   * displayed; otherwise null.
   */
  get timeBefore() {
    const days = this.shown?.daysBefore ?? null;
    return days === null ? null : this.#before(days);
  }

  /** @param {string | undefined} href */
  #choose(href) {
    const tracing = this.#tracings.find((one) => one.href === href);
    if (tracing) this.deps.onChoose(tracing);
  }

  /** @param {Tracing} tracing */
  #tab(tracing) {
    const { href, daysBefore } = tracing;
    return make(
      "button",
      {
        type: "button",
        class: daysBefore === null ? "tab" : "tab is-previous-exam",
        "data-href": href,
      },
      this.#name(tracing),
      make("kbd", { "aria-hidden": "true", hidden: true }),
    );
  }

  /**
   * Return the label of a tab: for the previous exam, how much earlier it was; with several tracings of an
   * exam, also the number of the tracing.
   *
   * @param {Tracing} tracing
   */
  #name({ position, daysBefore }) {
    const { words } = this.deps;
    const isAlone = this.#tracings.filter((one) => one.daysBefore === daysBefore).length === 1;
    if (daysBefore === null) return isAlone ? words("this-exam") : words("tracing", { position });
    const before = this.#before(daysBefore);
    return isAlone ? before : `${before} (${position})`;
  }

  /** @param {number} days */
  #before(days) {
    return this.deps.words("time-earlier", { time: timeSpan(days, this.deps.language) });
  }

  #mark() {
    const { next, other } = keyTargets(this.#tracings, this.#href);
    for (const tab of findAll(this.host, "button")) {
      const { href } = tab.dataset;
      const key = href === other ? "h" : href === next ? "t" : null;
      const cap = find(tab, "kbd");
      tab.setAttribute("aria-pressed", String(href === this.#href));
      if (key === null) {
        tab.removeAttribute("aria-keyshortcuts");
        tab.removeAttribute("data-key-label");
      } else {
        tab.setAttribute("aria-keyshortcuts", key);
        tab.setAttribute("data-key-label", this.deps.words(key === "h" ? "switch-exam" : "next-tracing"));
      }
      cap.hidden = key === null;
      cap.textContent = key === null ? "" : key.toUpperCase();
    }
  }
}
