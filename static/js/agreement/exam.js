// The sheet of one exam, to look at: no tools, nothing to mark.

import { Unreachable, loadTracing } from "../api.js";
import { embedded } from "../dom.js";
import { decode } from "../ecg/signal.js";
import "../ecg/viewer.js";

const RETRY_MS = 3000;

async function show(viewer, href) {
  viewer.dataset.tracing = href;
  try {
    const signal = decode(await loadTracing(href));
    if (viewer.dataset.tracing !== href) return;
    await viewer.prepare(href, signal);
    viewer.show(href);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    setTimeout(() => show(viewer, viewer.dataset.tracing), RETRY_MS);
  }
}

function start(viewer) {
  const { label, ...words } = embedded("sheet-words");
  viewer.words = words;
  viewer.label = label;
  const buttons = [...document.querySelectorAll("button[data-tracing]")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
      show(viewer, button.dataset.tracing);
    });
  }
  show(viewer, viewer.dataset.tracing);
}

start(document.querySelector("ecg-viewer"));
