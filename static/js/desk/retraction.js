// The way back to the last submission, for as long as the study allows it. It names its exam: what stands beside it may
// be of another one, such as an exam that was put off since.

import { make } from "../dom.js";

export class Retraction {
  #last = null;
  #cancelTimer = () => {};

  /**
   * @param {HTMLElement} root
   * @param {{clock: object, words: Function, language: string, onRetract: (last: {id, code, until}) => void}} world
   */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    root.addEventListener(
      "click",
      (event) => event.target.closest("[data-retract] button") && this.#retract(),
    );
  }

  /** `until` is an ISO time, or null when the submission is final. */
  offer({ id, code, until }) {
    const left = until === null || until === undefined ? 0 : Date.parse(until) - this.world.clock.now();
    if (left <= 0) return this.withdraw();
    this.#last = { id, code, until };
    this.#cancelTimer();
    this.#cancelTimer = this.world.clock.after(left, () => this.withdraw());
    return this.#show();
  }

  /** Nothing can be taken back any more; of the assignment `id` only, if one is given. */
  withdraw(id = null) {
    if (id !== null && String(this.#last?.id) !== String(id)) return;
    this.#cancelTimer();
    this.#last = null;
    this.#show();
  }

  /** Until when the assignment `id` can be taken back, as its reader's clock says; null when it cannot. */
  until(id) {
    return this.#last && String(this.#last.id) === String(id) ? this.#time() : null;
  }

  #time() {
    return new Date(this.#last.until).toLocaleTimeString(this.world.language, {
      hour: "2-digit",
      minute: "2-digit",
    });
  }

  #retract() {
    const last = this.#last;
    this.withdraw();
    if (last) this.world.onRetract(last);
  }

  /** One place in the form's head, one at the end of the queue; the key belongs to the first. */
  #show() {
    this.root.querySelectorAll("[data-retract]").forEach((place, i) => {
      place.replaceChildren(...(this.#last ? [this.#button(i === 0)] : []));
      place.hidden = !this.#last;
    });
  }

  #button(hasKey) {
    const { words } = this.world;
    const { code } = this.#last;
    return make(
      "button",
      {
        type: "button",
        class: "button-link",
        "data-part": "retract",
        title: words("retract-until", { time: this.#time() }),
        "aria-keyshortcuts": hasKey ? "Control+Shift+Z" : null,
        "data-key-label": words("retract-key"),
      },
      words("retract", { code }),
    );
  }
}
