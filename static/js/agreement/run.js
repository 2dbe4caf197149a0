// How far the computation of the next version is: asked for while the page is looked at, until it is over.

import { Refused, SignedOut, loadRun } from "../api.js";
import { clock } from "../clock.js";

const SHORTEST_MS = 2_000;
const LONGEST_MS = 30_000;

/** How long to rest before asking again: longer and longer while nothing changes. */
export function restMs(before, hasChanged) {
  return hasChanged ? SHORTEST_MS : Math.min(LONGEST_MS, before * 1.5);
}

/** Whether asking again would be answered: it is not after signing out, or where there is nothing any more. */
export function isFinal(error) {
  return error instanceof Refused || error instanceof SignedOut;
}

/**
 * Ask how far it is until it is over; returns what is to be called when the page is hidden or shown again.
 *
 * `ask` promises what the server tells, `show` puts that on the page.
 */
export function follow(ask, show, { after, isHidden }) {
  let rest = SHORTEST_MS;
  let last = "";
  let isOver = false;
  let isAsking = false;
  let stop = () => {};

  const next = async () => {
    if (isOver || isAsking || isHidden()) return;
    isAsking = true;
    let told = null;
    try {
      told = await ask();
    } catch (error) {
      isOver = isFinal(error); // else the network is gone for a moment
    }
    isAsking = false;
    if (told) show(told);
    const said = told ? JSON.stringify(told) : last;
    rest = restMs(rest, said !== last);
    [last, isOver] = [said, isOver || Boolean(told?.is_over)];
    if (!isOver) stop = after(rest, next);
  };

  stop = after(rest, next);
  return () => {
    stop();
    if (!isHidden()) next();
  };
}

function show(note, told) {
  const part = (name) => note.querySelector(`[data-part=run-${name}]`);
  // What is said already is not said again: it would be read out.
  for (const [name, text] of [
    ["lead", told.lead],
    ["text", told.text],
  ])
    if (part(name).textContent !== text) part(name).textContent = text;
  const progress = part("progress");
  progress.hidden = !told.n_total;
  [progress.max, progress.value] = [told.n_total || 1, told.n_done];
  const reload = part("reload");
  if (told.is_newer) reload.textContent = reload.dataset.newer;
  reload.classList.toggle("button", told.is_newer);
  reload.classList.toggle("button-quiet", !told.is_newer);
  if (told.is_over) part("cancel")?.remove();
  note.classList.toggle("is-offered", told.is_newer);
}

/** Load the page again where it is: what is beneath `note`, which will be gone, stays where it is seen. */
function loadAgain(note) {
  const top = () => note.nextElementSibling?.getBoundingClientRect().top ?? 0;
  const before = top();
  note.hidden = true;
  scrollBy({ top: top() - before, behavior: "instant" });
  history.scrollRestoration = "manual"; // the browser would go there before the plot is drawn
  history.replaceState({ top: scrollY }, "");
  location.reload();
}

function comeBack() {
  const top = history.state?.top;
  if (top === undefined) return;
  history.replaceState(null, "");
  addEventListener("load", () => {
    scrollTo({ top, behavior: "instant" });
    history.scrollRestoration = "auto";
  });
}

function bind(note) {
  const isHidden = () => document.hidden;
  const turn = follow(
    () => loadRun(note.dataset.url),
    (told) => show(note, told),
    { after: clock.after, isHidden },
  );
  document.addEventListener("visibilitychange", turn);
  // Following the link would begin at the top.
  note.querySelector("[data-part=run-reload]").addEventListener("click", (event) => {
    event.preventDefault();
    loadAgain(note);
  });
}

if (typeof document !== "undefined") {
  comeBack();
  document.querySelectorAll("[data-part=run]").forEach(bind);
}
