// Shows the sheet of one exam read-only, without tools or annotations.

import { Unreachable, loadTracing } from "../api.js";
import { embedded, find, findAll } from "../dom.js";
import { decode } from "../ecg/signal.js";
import "../ecg/viewer.js";

/** @import { EcgViewer } from "../ecg/viewer.js" */

const RETRY_MS = 3000;

/**
 * @param {EcgViewer} viewer
 * @param {string} href
 */
async function show(viewer, href) {
  viewer.dataset.tracing = href;
  try {
    const signal = decode(await loadTracing(href));
    if (viewer.dataset.tracing !== href) return;
    await viewer.prepare(href, signal);
    viewer.show(href);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    setTimeout(() => show(viewer, viewer.dataset.tracing ?? href), RETRY_MS);
  }
}

/** @param {EcgViewer} viewer */
function start(viewer) {
  const { label, ...words } = embedded("sheet-words");
  viewer.words = words;
  viewer.label = label;
  const buttons = findAll(document, "button[data-tracing]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
      show(viewer, button.dataset.tracing ?? "");
    });
  }
  show(viewer, viewer.dataset.tracing ?? "");
}

start(/** @type {EcgViewer} */ (find(document, "ecg-viewer")));
