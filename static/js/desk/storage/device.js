// What a page of this browser keeps for its reader and sends: opened in one way by the desk and the worklist.

import * as api from "../../api.js";
import { afterPaint, clock } from "../../clock.js";
import { Outbox } from "./outbox.js";
import { Shelf } from "./reader_store.js";
import { Vault, recoverOnce } from "./backup_store.js";

/** The shelf of `reader`, with its second copy. */
export function openShelf(reader) {
  return new Shelf(localStorage, reader, new Vault(indexedDB, "ecg-review"));
}

/** Take back what a killed browser lost, unless another page of `reader` is open. */
export function recover(shelf, reader) {
  return recoverOnce(shelf, navigator.locks, `desk/${reader}`);
}

/** The outbox of `reader`: one window at a time sends. */
export function openOutbox(shelf, reader, onEvent) {
  return new Outbox({
    shelf,
    api,
    clock,
    onEvent,
    rest: afterPaint,
    newKey: () => crypto.randomUUID(),
    alone: (action) => navigator.locks.request(`outbox/${reader}`, action),
  });
}
