// The worklist sends what was submitted on this device and has not reached the server: the session had ended, or the
// network was away, when the reader left the desk.

import { openOutbox, openShelf, recover } from "./storage/device.js";
import { createTexts } from "../texts.js";

const place = document.getElementById("waiting");
const { reader } = place.dataset;
const told = createTexts({ ...place.dataset });
const shelf = openShelf(reader);
const outbox = openOutbox(shelf, reader, hear);
const refusals = [];
let nAccepted = 0;

function hear(event) {
  if (event.type === "accepted") nAccepted += 1;
  if (event.type === "waiting") say(told("waiting", { count: event.count }));
  if (event.type === "refused") refuse(event.entry);
  // What the page tells of the queue is out of date then; but a refusal is told nowhere else.
  if (event.type === "sent" && refusals.length > 0) say("");
  else if (event.type === "sent" && nAccepted > 0) window.location.reload();
}

function refuse({ code }) {
  refusals.push(told("refused", { code }));
  say("");
}

/** Say `sentence` after what was refused, which stays. */
function say(sentence) {
  place.textContent = [...refusals, sentence].join(" ").trim();
  place.hidden = false;
}

await recover(shelf, reader);
if (outbox.entries.length > 0) {
  say(told("sending", { count: outbox.entries.length }));
  await outbox.drain();
}
window.addEventListener("online", () => outbox.drain());
