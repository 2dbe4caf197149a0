// Polls the progress of a report version or an export archive while the page is visible, until it is
// finished.

import { Refused, SignedOut, loadRun } from "../api.js";
import { clock } from "../clock.js";
import { find, findAll } from "../dom.js";

/** @import { RunStatus } from "../api.js" */

const MIN_MS = 2_000;
const MAX_MS = 30_000;

/**
 * Return the milliseconds to wait before polling again: MIN_MS after a change, otherwise half as long again
 * as `before`, up to MAX_MS.
 *
 * @param {number} before
 * @param {boolean} hasChanged
 */
export function restMs(before, hasChanged) {
  return hasChanged ? MIN_MS : Math.min(MAX_MS, before * 1.5);
}

/**
 * Return true if polling again is pointless: the user is signed out, or the server refused the request, for
 * example because the run was deleted.
 *
 * @param {unknown} error
 */
export function isFinal(error) {
  return error instanceof Refused || error instanceof SignedOut;
}

/**
 * Poll until the run is finished or polling again is pointless (`isFinal`), but not while the page is hidden.
 * Call the returned function whenever the page is hidden or shown.
 *
 * @param {() => Promise<RunStatus>} ask
 * @param {(status: RunStatus) => void} show
 * @param {{after: (ms: number, action: () => void) => () => void, isHidden: () => boolean}} deps
 * @returns {() => void}
 */
export function follow(ask, show, { after, isHidden }) {
  let waitMs = MIN_MS;
  let last = "";
  let isOver = false;
  let isAsking = false;
  let stop = () => {};

  const next = async () => {
    if (isOver || isAsking || isHidden()) return;
    isAsking = true;
    /** @type {RunStatus | null} */
    let status = null;
    try {
      status = await ask();
    } catch (error) {
      isOver = isFinal(error); // treat any other error as temporary
    }
    isAsking = false;
    if (status) show(status);
    const summary = status ? JSON.stringify(status) : last;
    waitMs = restMs(waitMs, summary !== last);
    [last, isOver] = [summary, isOver || Boolean(status?.is_over)];
    if (!isOver) stop = after(waitMs, next);
  };

  stop = after(waitMs, next);
  return () => {
    stop();
    if (!isHidden()) next();
  };
}

/**
 * @param {HTMLElement} note
 * @param {RunStatus} status
 */
function show(note, status) {
  /** @param {string} name */
  const part = (name) => find(note, `[data-part=run-${name}]`);
  // Set only text that has changed, because screen readers would announce it again.
  for (const name of /** @type {const} */ (["lead", "text"])) {
    if (part(name).textContent !== status[name]) part(name).textContent = status[name];
  }
  const progress = find(note, "[data-part=run-progress]", HTMLProgressElement);
  progress.hidden = !status.n_total;
  [progress.max, progress.value] = [status.n_total || 1, status.n_done];
  const reload = part("reload");
  if (status.is_newer) reload.textContent = reload.dataset.newer ?? "";
  reload.classList.toggle("button", status.is_newer);
  reload.classList.toggle("button-quiet", !status.is_newer);
  if (status.is_over) note.querySelector("[data-part=run-cancel]")?.remove();
  note.classList.toggle("is-offered", status.is_newer);
}

/**
 * Reload the page without moving the content below `note` on the screen, given that the reloaded page has no
 * note.
 *
 * @param {HTMLElement} note
 */
function loadAgain(note) {
  const top = () => note.nextElementSibling?.getBoundingClientRect().top ?? 0;
  const before = top();
  note.hidden = true;
  scrollBy({ top: top() - before, behavior: "instant" });
  history.scrollRestoration = "manual"; // the browser would scroll before the plot is drawn
  history.replaceState({ top: scrollY }, "");
  location.reload();
}

function restoreScroll() {
  const top = history.state?.top;
  if (top === undefined) return;
  history.replaceState(null, "");
  addEventListener("load", () => {
    scrollTo({ top, behavior: "instant" });
    history.scrollRestoration = "auto";
  });
}

/** @param {HTMLElement} note */
function bind(note) {
  const isHidden = () => document.hidden;
  const turn = follow(
    () => loadRun(note.dataset.url ?? ""),
    (status) => show(note, status),
    { after: clock.after, isHidden },
  );
  document.addEventListener("visibilitychange", turn);
  // Following the link would scroll to the top of the page.
  find(note, "[data-part=run-reload]").addEventListener("click", (event) => {
    event.preventDefault();
    loadAgain(note);
  });
}

if (typeof document !== "undefined") {
  restoreScroll();
  findAll(document, "[data-part=run]").forEach(bind);
}
