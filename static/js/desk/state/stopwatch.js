// Measures active reading time: while the page is visible and the reader was active within the last minute.
// All other time is idle.

const IDLE_AFTER_MS = 60_000;

export class Stopwatch {
  #last;
  #startedAt;
  #activeMs = 0;
  #isVisible = true;

  /** @param {number} now in milliseconds, like all times here */
  constructor(now) {
    this.#startedAt = now;
    this.#last = now;
  }

  /**
   * Record activity at `now`. The time since the last activity counts as active, up to a minute.
   *
   * @param {number} now
   */
  mark(now) {
    if (this.#isVisible) this.#activeMs += Math.min(now - this.#last, IDLE_AFTER_MS);
    this.#last = now;
  }

  /**
   * Record that the page was hidden or shown. Hidden time is never active.
   *
   * @param {boolean} isVisible
   * @param {number} now
   */
  setVisible(isVisible, now) {
    this.mark(now);
    this.#isVisible = isVisible;
  }

  /** @param {number} now */
  activeMs(now) {
    this.mark(now);
    return Math.round(this.#activeMs);
  }

  /**
   * Return the time the exam was open while the page was hidden or the reader inactive for over a minute.
   *
   * @param {number} now
   */
  idleMs(now) {
    return Math.max(0, Math.round(now - this.#startedAt) - this.activeMs(now));
  }
}
