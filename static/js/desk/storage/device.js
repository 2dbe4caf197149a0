// What this browser keeps for a reader and sends: opened the same way by the desk and the worklist.

import * as api from "../../api.js";
import { afterPaint, clock } from "../../clock.js";
import { Outbox } from "./outbox.js";
import { ReaderStore } from "./reader_store.js";
import { BackupStore, recoverOnce } from "./backup_store.js";

/** @import { OutboxEvent } from "../types.js" */

/**
 * The store of `reader`, with its backup copy.
 *
 * @param {string} reader
 */
export function openStore(reader) {
  return new ReaderStore(localStorage, reader, new BackupStore(indexedDB, "ecg-review"));
}

/**
 * Recover what a killed browser lost, unless another page of `reader` is open.
 *
 * @param {ReaderStore} store
 * @param {string} reader
 */
export function recover(store, reader) {
  return recoverOnce(store, navigator.locks, `desk/${reader}`);
}

/**
 * The outbox of `reader`; one window at a time sends.
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
