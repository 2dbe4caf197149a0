// How long a reader actively read: the page visible and something done within the last minute.

const IDLE_AFTER_MS = 60_000;

export class Stopwatch {
  #last;
  #activeMs = 0;
  #isVisible = true;

  constructor(now) {
    this.#last = now;
  }

  /** Something was done at `now`: the time since the last deed counts, but no more than a minute of it. */
  mark(now) {
    if (this.#isVisible) this.#activeMs += Math.min(now - this.#last, IDLE_AFTER_MS);
    this.#last = now;
  }

  /** The page was hidden or seen again: hidden time never counts. */
  see(isVisible, now) {
    this.mark(now);
    this.#isVisible = isVisible;
  }

  activeMs(now) {
    this.mark(now);
    return Math.round(this.#activeMs);
  }
}
