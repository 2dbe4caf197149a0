// Active reading time: the page visible and the reader active within the last minute. The rest is idle time.

const IDLE_AFTER_MS = 60_000;

export class Stopwatch {
  #last;
  #startedAt;
  #activeMs = 0;
  #isVisible = true;

  /** @param {number} now in milliseconds, as everywhere here */
  constructor(now) {
    this.#startedAt = now;
    this.#last = now;
  }

  /**
   * Activity at `now`: the time since the last activity counts, up to a minute.
   *
   * @param {number} now
   */
  mark(now) {
    if (this.#isVisible) this.#activeMs += Math.min(now - this.#last, IDLE_AFTER_MS);
    this.#last = now;
  }

  /**
   * The page was hidden or shown; hidden time never counts.
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
   * Time the exam was open without activity: hidden, or nothing done for longer than a minute.
   *
   * @param {number} now
   */
  idleMs(now) {
    return Math.max(0, Math.round(now - this.#startedAt) - this.activeMs(now));
  }
}
