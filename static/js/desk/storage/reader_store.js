// A reader's own place in the browser's storage. What lies here survives a reload, a crash and a sign-out.

/** What would be lost work; the rest is settings. */
const WORK = /^(outbox|draft|saved|correction|second|viewing)\//;

/** JSON values under names that no other reader of this browser shares. Work is kept with its time: {at, value}. */
export class Shelf {
  #storage;
  #prefix;
  #vault;
  #now;

  /**
   * @param {Storage} storage such as localStorage
   * @param {string} reader whose shelf it is: two people may share one computer, but not their drafts
   * @param {{put: Function, remove: Function, entries: Function}} [vault] a second copy of the reader's work, which
   *   survives a browser that is killed
   * @param {() => number} now the time in ms
   */
  constructor(storage, reader, vault = null, now = Date.now) {
    this.#now = now;
    this.#storage = storage;
    this.#prefix = `ecg-review/${reader}/`;
    this.#vault = vault;
  }

  /**
   * Take back what the storage lost when the browser was killed: what it has not, or has of an earlier time. Only
   * while no other window is open: until the browser ends, the storage is never behind.
   *
   * Work that was done with meanwhile may come back as well. That is harmless: a reading sent twice is one.
   */
  async recover() {
    for (const [key, text] of await this.#copies()) {
      const kept = this.#storage.getItem(key);
      if (kept === null || timeOf(kept) < timeOf(text)) this.#put(key, text);
    }
  }

  read(name) {
    const text = this.#storage.getItem(this.#prefix + name);
    if (text === null) return null;
    const kept = JSON.parse(text);
    return isTimed(kept) ? kept.value : kept;
  }

  /** Keep `value`; false when the browser has no room or forbids storage, so that the page can say so. */
  write(name, value) {
    const isWork = WORK.test(name);
    const text = JSON.stringify(isWork ? { at: this.#now(), value } : value);
    if (isWork) this.#vault?.put(this.#prefix + name, text);
    return this.#put(this.#prefix + name, text);
  }

  #put(key, text) {
    try {
      this.#storage.setItem(key, text);
      return true;
    } catch (error) {
      if (error instanceof DOMException) return false;
      throw error;
    }
  }

  /** What the vault has of this reader, as [key, text]; nothing where it fails, for the desk must start. */
  async #copies() {
    try {
      return (await this.#vault?.entries(this.#prefix)) ?? [];
    } catch (error) {
      if (error instanceof DOMException) return [];
      throw error;
    }
  }

  remove(name) {
    if (WORK.test(name)) this.#vault?.remove(this.#prefix + name);
    this.#storage.removeItem(this.#prefix + name);
  }

  /** The names that begin with `beginning`. */
  names(beginning) {
    const found = [];
    for (let i = 0; i < this.#storage.length; i += 1) {
      const key = this.#storage.key(i);
      if (key.startsWith(this.#prefix + beginning)) found.push(key.slice(this.#prefix.length));
    }
    return found.sort();
  }
}

/** Work of earlier versions was kept without its time. */
function isTimed(kept) {
  return kept !== null && typeof kept === "object" && "at" in kept && "value" in kept;
}

function timeOf(text) {
  const kept = JSON.parse(text);
  return isTimed(kept) ? kept.at : 0;
}
