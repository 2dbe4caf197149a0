// The button that takes back the last submission, shown as long as the study allows it. It names the exam,
// because the message next to it may be about another one, such as one skipped afterwards.

import { closestTo, findAll, make } from "../dom.js";

/** @import { Clock } from "../clock.js" */
/** @import { Words } from "../texts.js" */

/**
 * @typedef {{id: number | string, code: string, until: string | null}} LastSubmission `until` is an ISO
 *   time, or null if the submission is final
 */

/**
 * @typedef {object} TakeBackDeps
 * @property {Clock} clock
 * @property {Words} words
 * @property {string} language
 * @property {(last: LastSubmission) => void} onTakeBack
 */

export class TakeBack {
  /** @type {(LastSubmission & {until: string}) | null} */
  #last = null;
  #cancelTimer = () => {};

  /**
   * @param {HTMLElement} root
   * @param {TakeBackDeps} deps
   */
  constructor(root, deps) {
    this.root = root;
    this.deps = deps;
    root.addEventListener("click", (event) => closestTo(event, "[data-retract] button") && this.#takeBack());
  }

  /** @param {{id: number | string, code: string, until: string | null | undefined}} last */
  offer({ id, code, until }) {
    const left = until ? Date.parse(until) - this.deps.clock.now() : 0;
    if (!until || left <= 0) return this.withdraw();
    this.#last = { id, code, until };
    this.#cancelTimer();
    this.#cancelTimer = this.deps.clock.after(left, () => this.withdraw());
    return this.#show();
  }

  /**
   * Remove the button. With `id`, remove it only if it is for that assignment.
   *
   * @param {number | string | null} [id]
   */
  withdraw(id = null) {
    if (id !== null && String(this.#last?.id) !== String(id)) return;
    this.#cancelTimer();
    this.#last = null;
    this.#show();
  }

  /**
   * Return the local time until which assignment `id` can be taken back, or null if it cannot.
   *
   * @param {number | string} id
   */
  until(id) {
    return this.#last && String(this.#last.id) === String(id) ? this.#time(this.#last.until) : null;
  }

  /** @param {string} until */
  #time(until) {
    return new Date(until).toLocaleTimeString(this.deps.language, {
      hour: "2-digit",
      minute: "2-digit",
    });
  }

  #takeBack() {
    const last = this.#last;
    this.withdraw();
    if (last) this.deps.onTakeBack(last);
  }

  /**
   * Show the button in the form header and on the final screen. Only the one in the header has the shortcut.
   */
  #show() {
    const last = this.#last;
    findAll(this.root, "[data-retract]").forEach((place, i) => {
      place.replaceChildren(...(last ? [this.#button(last, i === 0)] : []));
      place.hidden = !last;
    });
  }

  /**
   * @param {LastSubmission & {until: string}} last
   * @param {boolean} hasKey
   */
  #button({ code, until }, hasKey) {
    const { words } = this.deps;
    return make(
      "button",
      {
        type: "button",
        class: "button-link",
        "data-part": "retract",
        title: words("retract-until", { time: this.#time(until) }),
        "aria-keyshortcuts": hasKey ? "Control+Shift+Z" : null,
        "data-key-label": words("retract-key"),
      },
      words("retract", { code }),
    );
  }
}
