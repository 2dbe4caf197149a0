// A reader's own place in the browser's storage. What lies here survives a reload, a crash and a sign-out.

/** What would be lost work; the rest is settings. */
const WORK = /^(outbox|draft|saved|correction|second|viewing)\//;

/** JSON values under names that no other reader of this browser shares. */
export class Shelf {
  #storage;
  #prefix;
  #vault;

  /**
   * @param {Storage} storage such as localStorage
   * @param {string} reader whose shelf it is: two people may share one computer, but not their drafts
   * @param {{put: Function, remove: Function, entries: Function}} [vault] a second copy of the reader's work, which
   *   survives a browser that is killed
   */
  constructor(storage, reader, vault = null) {
    this.#storage = storage;
    this.#prefix = `ecg-review/${reader}/`;
    this.#vault = vault;
  }

  /**
   * Take back what the storage lost when the browser was killed. Only while no other window is open: until the
   * browser ends, the storage is never behind.
   *
   * Work that was done with meanwhile may come back as well. That is harmless: a reading sent twice is one.
   */
  async recover() {
    for (const [key, text] of (await this.#vault?.entries(this.#prefix)) ?? []) this.#storage.setItem(key, text);
  }

  read(name) {
    const text = this.#storage.getItem(this.#prefix + name);
    return text === null ? null : JSON.parse(text);
  }

  /** Keep `value`; false when the browser has no room or forbids storage, so that the page can say so. */
  write(name, value) {
    const text = JSON.stringify(value);
    if (WORK.test(name)) this.#vault?.put(this.#prefix + name, text);
    try {
      this.#storage.setItem(this.#prefix + name, text);
      return true;
    } catch (error) {
      if (error instanceof DOMException) return false;
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
