// Time as the page's machinery sees it, so that tests can hold it in their hands.

export const clock = Object.freeze({
  now: () => Date.now(),

  /** Call `action` after `ms`; returns what cancels it. */
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
});

/** A page that is hidden before its next frame gets none. */
const LONGEST_FRAME_MS = 250;

/** Call `action` once the next frame is on the screen; soon, where nothing is shown. */
export function afterPaint(action) {
  let isDone = false;
  const once = () => {
    if (isDone) return;
    isDone = true;
    action();
  };
  if (!document.hidden) requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, document.hidden ? 0 : LONGEST_FRAME_MS);
}

const LONGEST_WAIT_MS = 30_000;

/** How long to wait before try number `tries` (from 1): doubling, and never so long that the reader worries. */
export function backoffMs(tries) {
  return Math.min(LONGEST_WAIT_MS, 1000 * 2 ** Math.min(tries, 10));
}
