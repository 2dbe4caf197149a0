// Time as the page's machinery sees it, so that tests can hold it in their hands.

export const clock = Object.freeze({
  now: () => Date.now(),

  /** Call `action` after `ms`; returns what cancels it. */
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
});

/** Call `action` once the next frame is on the screen; soon, where nothing is shown. */
export function afterPaint(action) {
  if (document.hidden) setTimeout(action);
  else requestAnimationFrame(() => setTimeout(action));
}

const LONGEST_WAIT_MS = 30_000;

/** How long to wait before try number `tries` (from 1): doubling, and never so long that the reader worries. */
export function backoffMs(tries) {
  return Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.min(tries, 10));
}
