// The current time and timers, as an object that tests can replace.

/** @typedef {{now: () => number, after: (ms: number, action: () => void) => () => void}} Clock */

/** @type {Readonly<Clock>} */
export const clock = Object.freeze({
  now: () => Date.now(),

  /** Call `action` after `ms`; returns a function that cancels it. */
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
});

/** Fallback delay, because a page that is hidden before its next frame does not get that frame. */
const MAX_FRAME_MS = 250;

/**
 * Call `action` once the next frame has been painted, but after MAX_FRAME_MS at the latest. If the page is
 * hidden, do not wait for a frame.
 *
 * @param {() => void} action
 */
export function afterPaint(action) {
  let isDone = false;
  const once = () => {
    if (isDone) return;
    isDone = true;
    action();
  };
  if (!document.hidden) requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, document.hidden ? 0 : MAX_FRAME_MS);
}

const MAX_WAIT_MS = 30_000;

/**
 * Return the delay before retry number `tries`, counted from 1. It doubles with each retry, up to
 * MAX_WAIT_MS.
 *
 * @param {number} tries
 */
export function backoffMs(tries) {
  return Math.min(MAX_WAIT_MS, 1000 * 2 ** Math.min(tries, 10));
}
