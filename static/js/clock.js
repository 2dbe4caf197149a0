// Time, as an object that tests can replace.

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

/** A page that gets hidden before its next frame never gets that frame. */
const MAX_FRAME_MS = 250;

/**
 * Call `action` once the next frame is on screen; soon, when the page is hidden.
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
 * How long to wait before try number `tries` (from 1): doubles up to a limit.
 *
 * @param {number} tries
 */
export function backoffMs(tries) {
  return Math.min(MAX_WAIT_MS, 1000 * 2 ** Math.min(tries, 10));
}
