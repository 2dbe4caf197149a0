// A second copy of the reader's work, in IndexedDB.
//
// localStorage reads and writes synchronously, but browsers write it to disk seconds later: of twenty items
// written within six seconds, a killed Chromium had lost four. A finished IndexedDB transaction survives
// that, but IndexedDB is slower to read. So the page reads localStorage, and reads this copy only once, when
// it opens.

/** @import { ReaderStore } from "./reader_store.js" */

const STORE = "kept";

export class BackupStore {
  #database;

  /**
   * @param {IDBFactory} factory such as indexedDB
   * @param {string} name of the database
   */
  constructor(factory, name) {
    this.#database = openDatabase(factory, name);
  }

  /**
   * Store `value` under `name`. Resolves when it would survive a killed browser, or when storing it
   * has failed. Does nothing without IndexedDB; then localStorage has the only copy.
   *
   * @param {string} name
   * @param {string} value
   */
  put(name, value) {
    return this.#change((store) => store.put(value, name));
  }

  /** @param {string} name */
  remove(name) {
    return this.#change((store) => store.delete(name));
  }

  /**
   * Return all entries whose names start with `prefix`, as [name, value].
   *
   * @param {string} prefix
   * @returns {Promise<[string, string][]>}
   */
  async entries(prefix) {
    const database = await this.#database;
    if (!database) return [];
    const store = database.transaction(STORE).objectStore(STORE);
    const [names, values] = await Promise.all([resultOf(store.getAllKeys()), resultOf(store.getAll())]);
    return names
      .map((name, i) => /** @type {[string, string]} */ ([String(name), values[i]]))
      .filter(([name]) => name.startsWith(prefix));
  }

  /** @param {(store: IDBObjectStore) => IDBRequest} edit */
  async #change(edit) {
    const database = await this.#database;
    if (!database) return;
    const transaction = database.transaction(STORE, "readwrite");
    const edited = resultOf(edit(transaction.objectStore(STORE)));
    await Promise.all([edited, ended(transaction)]);
  }
}

/**
 * Open the database. Resolves to null if the browser refuses, as it may in private windows.
 *
 * @param {IDBFactory} factory
 * @param {string} name
 * @returns {Promise<IDBDatabase | null>}
 */
function openDatabase(factory, name) {
  return new Promise((resolve) => {
    const request = openRequest(factory, name);
    if (request === null) return resolve(null);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
    return undefined;
  });
}

/**
 * @param {IDBFactory} factory
 * @param {string} name
 */
function openRequest(factory, name) {
  try {
    return factory.open(name, 1);
  } catch (error) {
    if (error instanceof DOMException) return null; // third-party frames, or all cookies blocked
    throw error;
  }
}

/**
 * Resolve to the result of a request, or to [] if it fails. Failures are tolerable because localStorage has
 * the data.
 *
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T | []>}
 */
function resultOf(request) {
  return new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      resolve([]);
    };
  });
}

/**
 * Resolve when the transaction is committed, or has failed.
 *
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function ended(transaction) {
  return new Promise((resolve) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => resolve();
  });
}

/**
 * Recover lost work if no other window is open. Each window holds a shared lock, by which the next one knows
 * that it is open.
 *
 * @param {ReaderStore} store
 * @param {LockManager} locks
 * @param {string} name
 */
export async function recoverOnce(store, locks, name) {
  const { held = [] } = await locks.query();
  if (!held.some((lock) => lock.name === name)) await store.recover();
  locks.request(name, { mode: "shared" }, () => new Promise(() => {}));
}
