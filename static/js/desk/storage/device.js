// Opens the reader's storage and outbox in this browser, for the desk and the worklist.

import * as api from "../../api.js";
import { afterPaint, clock } from "../../clock.js";
import { Outbox } from "./outbox.js";
import { ReaderStore } from "./reader_store.js";
import { BackupStore, recoverOnce } from "./backup_store.js";

/** @import { OutboxEvent } from "../types.js" */

/**
 * Open the store of `reader`, with its backup copy.
 *
 * @param {string} reader
 */
export function openStore(reader) {
  return new ReaderStore(localStorage, reader, new BackupStore(indexedDB, "ecg-review"));
}

/**
 * Recover work that was lost when the browser was killed, unless another page of `reader` is open.
 *
 * @param {ReaderStore} store
 * @param {string} reader
 */
export function recover(store, reader) {
  return recoverOnce(store, navigator.locks, `desk/${reader}`);
}

/**
 * Open the outbox of `reader`. Only one window at a time sends.
 *
 * @param {ReaderStore} store
 * @param {string} reader
 * @param {(event: OutboxEvent) => void} onEvent
 */
export function openOutbox(store, reader, onEvent) {
  return new Outbox({
    store,
    api,
    clock,
    onEvent,
    rest: afterPaint,
    newKey: () => crypto.randomUUID(),
    alone: (action) => navigator.locks.request(`outbox/${reader}`, action),
  });
}
