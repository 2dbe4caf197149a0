// How long a reader actively read: the page visible and something done within the last minute. The rest of the
// time the exam was open is idle.

const IDLE_AFTER_MS = 60_000;

export class Stopwatch {
  #last;
  #began;
  #activeMs = 0;
  #isVisible = true;

  constructor(now) {
    this.#began = now;
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

  /** The time the exam was open and nobody at work on it: hidden, or nothing done for longer than a minute. */
  idleMs(now) {
    return Math.max(0, Math.round(now - this.#began) - this.activeMs(now));
  }
}
