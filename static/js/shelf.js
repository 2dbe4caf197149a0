// A reader's own place in the browser's storage. What lies here survives a reload, a crash and a sign-out.

/** JSON values under names that no other reader of this browser shares. */
export class Shelf {
  #storage;
  #prefix;

  /**
   * @param {Storage} storage such as localStorage
   * @param {string} reader whose shelf it is: two people may share one computer, but not their drafts
   */
  constructor(storage, reader) {
    this.#storage = storage;
    this.#prefix = `ecg-review/${reader}/`;
  }

  read(name) {
    const text = this.#storage.getItem(this.#prefix + name);
    return text === null ? null : JSON.parse(text);
  }

  /** Keep `value`; false when the browser has no room or forbids storage, so that the page can say so. */
  write(name, value) {
    try {
      this.#storage.setItem(this.#prefix + name, JSON.stringify(value));
      return true;
    } catch (error) {
      if (error instanceof DOMException) return false;
      throw error;
    }
  }

  remove(name) {
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
