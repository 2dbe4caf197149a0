// On the worklist, sends submissions that are still on this device, for example because the session had ended
// or the network was down when the reader left the desk.

import { openOutbox, openStore, recover } from "./storage/device.js";
import { find } from "../dom.js";
import { createTexts } from "../texts.js";

/** @import { OutboxEntry, OutboxEvent } from "./types.js" */

const place = find(document, "#waiting");
const reader = place.dataset.reader ?? "";
const text = createTexts({ ...place.dataset });
const store = openStore(reader);
const outbox = openOutbox(store, reader, handle);
/** @type {string[]} */
const refusals = [];
let nAccepted = 0;

/** @param {OutboxEvent} event */
function handle(event) {
  if (event.type === "accepted") nAccepted += 1;
  if (event.type === "waiting") say(text("waiting", { count: event.count }));
  if (event.type === "refused") refuse(event.entry);
  // The queue on the page is out of date. Do not reload if there are refusals, which are shown nowhere else.
  if (event.type === "sent" && refusals.length > 0) say("");
  else if (event.type === "sent" && nAccepted > 0) window.location.reload();
}

/** @param {Pick<OutboxEntry, "code">} entry */
function refuse({ code }) {
  refusals.push(text("refused", { code }));
  say("");
}

/**
 * Show `sentence` after the refusals so far.
 *
 * @param {string} sentence
 */
function say(sentence) {
  place.textContent = [...refusals, sentence].join(" ").trim();
  place.hidden = false;
}

await recover(store, reader);
if (outbox.entries.length > 0) {
  say(text("sending", { count: outbox.entries.length }));
  await outbox.drain();
}
window.addEventListener("online", () => outbox.drain());
