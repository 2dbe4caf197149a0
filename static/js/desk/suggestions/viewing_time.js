// Measures how long suggestions were visible. Time spans stay on this device until the server has them.

import { Refused, SignedOut, Unreachable } from "../../api.js";

/** Shorter views do not count. */
const MIN_MS = 300;

/** @import { Clock } from "../../clock.js" */
/** @import { ReaderStore } from "../storage/reader_store.js" */

/**
 * @typedef {object} ViewingTimeDeps
 * @property {Pick<typeof import("../../api.js"), "noteViewing">} api
 * @property {Clock} clock
 * @property {ReaderStore} store
 * @property {() => string} newKey
 */

export class ViewingTime {
  /** @type {number | null} */
  #assignment = null;
  /** @type {number | null} */
  #since = null;

  /** @param {ViewingTimeDeps} deps */
  constructor(deps) {
    this.deps = deps;
  }

  /**
   * Start measuring for assignment `id`. The time counts only while the page is visible.
   *
   * @param {number} id
   * @param {boolean} [isVisible]
   */
  begin(id, isVisible = true) {
    this.end();
    this.#assignment = id;
    this.setVisible(isVisible);
  }

  /** Stop measuring, because the suggestions are no longer visible. */
  end() {
    this.setVisible(false);
    this.#assignment = null;
  }

  /**
   * Record that the page was hidden or shown.
   *
   * @param {boolean} isVisible
   */
  setVisible(isVisible) {
    if (this.#assignment === null || isVisible === (this.#since !== null)) return;
    const now = this.deps.clock.now();
    const shownMs = this.#since === null ? 0 : Math.round(now - this.#since);
    this.#since = isVisible ? now : null;
    if (shownMs < MIN_MS) return;
    this.deps.store.write(`viewing/${this.deps.newKey()}`, { id: this.#assignment, shown_ms: shownMs });
    this.send();
  }

  /** Send the stored time spans. Those that cannot be sent now are kept for the next call. */
  async send() {
    const { api, store } = this.deps;
    for (const name of store.names("viewing/")) {
      const { id, ...view } = store.read(name) ?? {};
      try {
        if (id !== undefined) await api.noteViewing(id, view, name.slice("viewing/".length));
      } catch (error) {
        if (error instanceof Unreachable || error instanceof SignedOut) return;
        if (!(error instanceof Refused)) throw error;
      }
      store.remove(name);
    }
  }
}
