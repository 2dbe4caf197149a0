// A second copy of what must not be lost, in IndexedDB.
//
// localStorage answers at once, but a browser writes it to disk seconds later: of twenty items written within six
// seconds, a killed Chromium had lost four. A finished IndexedDB transaction survives that, and is slower to ask.
// So the page reads localStorage, and this copy is read once, when the page is opened.

const STORE = "kept";

export class Vault {
  #database;

  /** @param {IDBFactory} factory such as indexedDB @param {string} name of the database */
  constructor(factory, name) {
    this.#database = opened(factory, name);
  }

  /** Keep `value` under `name`. Without IndexedDB nothing happens: then localStorage has the only copy. */
  put(name, value) {
    return this.#change((store) => store.put(value, name));
  }

  remove(name) {
    return this.#change((store) => store.delete(name));
  }

  /** All that is kept under names that begin with `beginning`, as [name, value]. */
  async entries(beginning) {
    const database = await this.#database;
    if (!database) return [];
    const store = database.transaction(STORE).objectStore(STORE);
    const [names, values] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())]);
    return names.map((name, i) => [name, values[i]]).filter(([name]) => name.startsWith(beginning));
  }

  async #change(edit) {
    const database = await this.#database;
    if (database) await answer(edit(database.transaction(STORE, "readwrite").objectStore(STORE)));
  }
}

/** The database, or null where the browser refuses it, as private windows may. */
function opened(factory, name) {
  return new Promise((resolve) => {
    const request = asked(factory, name);
    if (request === null) return resolve(null);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
    return undefined;
  });
}

function asked(factory, name) {
  try {
    return factory.open(name, 1);
  } catch (error) {
    if (error instanceof DOMException) return null; // pages in a strange frame, or all cookies forbidden
    throw error;
  }
}

/** What a request brings, or [] where it fails: the other copy is still there. */
function answer(request) {
  return new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      resolve([]);
    };
  });
}

/** The first window after a browser was killed takes back what was lost; each window tells the next that it is open. */
export async function recoverOnce(shelf, locks, name) {
  const { held } = await locks.query();
  if (!held.some((lock) => lock.name === name)) await shelf.recover();
  locks.request(name, { mode: "shared" }, () => new Promise(() => {}));
}
