// The tabs above the sheet: the tracings of the exam, and the patient's exam before to compare with.

import { make } from "../dom.js";
import { timeSpan, tracingsOf, waysFrom } from "./state/tracings.js";

export class TracingTabs {
  #tracings = [];
  #href = null;

  /**
   * @param {HTMLElement} host
   * @param {{words: Function, language: string, onChoose: (tracing: {href: string}) => void}} world
   */
  constructor(host, world) {
    this.host = host;
    this.world = world;
    host.addEventListener("click", (event) =>
      this.#choose(event.target.closest("[data-href]")?.dataset.href),
    );
  }

  /** Offer the tracings of `exam`; a single one needs no tab. */
  offer(exam) {
    this.#tracings = tracingsOf(exam);
    this.host.replaceChildren(
      ...(this.#tracings.length > 1 ? this.#tracings.map((tracing) => this.#tab(tracing)) : []),
    );
    this.#mark();
  }

  /** The sheet of `href` is on view. */
  show(href) {
    this.#href = href;
    this.#mark();
  }

  /** The tracing on view; null while it is none of this exam. */
  get shown() {
    return this.#tracings.find(({ href }) => href === this.#href) ?? null;
  }

  /** "14 months before" while the exam before is on view, else null. */
  get timeBefore() {
    const days = this.shown?.daysBefore ?? null;
    return days === null ? null : this.#before(days);
  }

  #choose(href) {
    const tracing = this.#tracings.find((one) => one.href === href);
    if (tracing) this.world.onChoose(tracing);
  }

  #tab(tracing) {
    const { href, daysBefore } = tracing;
    return make(
      "button",
      {
        type: "button",
        class: daysBefore === null ? "tab" : "tab is-prior",
        "data-href": href,
      },
      this.#name(tracing),
      make("kbd", { "aria-hidden": "true", hidden: true }),
    );
  }

  /** The number of the tracing where there are several, and whose it is where there are two exams. */
  #name({ position, daysBefore }) {
    const { words } = this.world;
    const isAlone = this.#tracings.filter((one) => one.daysBefore === daysBefore).length === 1;
    if (daysBefore === null) return isAlone ? words("this-exam") : words("tracing", { position });
    const before = this.#before(daysBefore);
    return isAlone ? before : `${before} (${position})`;
  }

  #before(days) {
    return this.world.words("time-before", { time: timeSpan(days, this.world.language) });
  }

  #mark() {
    const { next, other } = waysFrom(this.#tracings, this.#href);
    for (const tab of this.host.children) {
      const { href } = tab.dataset;
      const key = href === other ? "h" : href === next ? "t" : null;
      const cap = tab.querySelector("kbd");
      tab.setAttribute("aria-pressed", String(href === this.#href));
      for (const [name, value] of [
        ["aria-keyshortcuts", key],
        ["data-key-label", key && this.world.words(key === "h" ? "other-exam" : "next-tracing")],
      ]) {
        if (value === null) tab.removeAttribute(name);
        else tab.setAttribute(name, value);
      }
      cap.hidden = key === null;
      cap.textContent = key === null ? "" : key.toUpperCase();
    }
  }
}
