// A reader's own values in the browser's storage. They survive a reload, a crash and a sign-out.

/**
 * @typedef {{put: (name: string, text: string) => unknown, remove: (name: string) => unknown, entries:
 *   (prefix: string) => Promise<[string, string][]>}} Backup a second copy that survives a killed browser
 */

/** Names of what would be lost work; the rest is settings. */
const WORK = /^(outbox|draft|saved|correction|second|viewing)\//;

/**
 * JSON values under names that no other reader of this browser shares. Work is stored with its time: {at,
 * value}.
 */
export class ReaderStore {
  /** @type {Storage} */
  #storage;
  /** @type {string} */
  #prefix;
  /** @type {Backup | null} */
  #backup;
  /** @type {() => number} */
  #now;

  /**
   * @param {Storage} storage such as localStorage
   * @param {string} reader two people may share a computer, but not their drafts
   * @param {Backup | null} [backup]
   * @param {() => number} [now] in milliseconds
   */
  constructor(storage, reader, backup = null, now = Date.now) {
    this.#now = now;
    this.#storage = storage;
    this.#prefix = `ecg-review/${reader}/`;
    this.#backup = backup;
  }

  /**
   * Restore what the storage lost when the browser was killed: entries that are missing or older than the
   * backup. Only while no other window is open: until the browser ends, the storage is never behind.
   *
   * Work that was finished since may come back as well. That is harmless: a reading sent twice is one.
   */
  async recover() {
    for (const [key, text] of await this.#copies()) {
      const entry = this.#storage.getItem(key);
      if (entry === null || timeOf(entry) < timeOf(text)) this.#put(key, text);
    }
  }

  /**
   * @param {string} name
   * @returns {any} a JSON value, null when there is none
   */
  read(name) {
    const text = this.#storage.getItem(this.#prefix + name);
    if (text === null) return null;
    const entry = JSON.parse(text);
    return isTimed(entry) ? entry.value : entry;
  }

  /**
   * Store `value`; false when the browser has no space or forbids storage, so that the page can say so.
   *
   * @param {string} name
   * @param {unknown} value
   */
  write(name, value) {
    const isWork = WORK.test(name);
    const text = JSON.stringify(isWork ? { at: this.#now(), value } : value);
    if (isWork) this.#backup?.put(this.#prefix + name, text);
    return this.#put(this.#prefix + name, text);
  }

  /**
   * @param {string} key
   * @param {string} text
   */
  #put(key, text) {
    try {
      this.#storage.setItem(key, text);
      return true;
    } catch (error) {
      if (error instanceof DOMException) return false;
      throw error;
    }
  }

  /**
   * The reader's entries in the backup, as [key, text]; none when it fails, because the desk must start.
   *
   * @returns {Promise<[string, string][]>}
   */
  async #copies() {
    try {
      return (await this.#backup?.entries(this.#prefix)) ?? [];
    } catch (error) {
      if (error instanceof DOMException) return [];
      throw error;
    }
  }

  /** @param {string} name */
  remove(name) {
    if (WORK.test(name)) this.#backup?.remove(this.#prefix + name);
    this.#storage.removeItem(this.#prefix + name);
  }

  /**
   * The names that start with `prefix`.
   *
   * @param {string} prefix
   */
  names(prefix) {
    const names = [];
    for (let i = 0; i < this.#storage.length; i += 1) {
      const key = this.#storage.key(i);
      if (key?.startsWith(this.#prefix + prefix)) names.push(key.slice(this.#prefix.length));
    }
    return names.sort();
  }
}

/**
 * Earlier versions stored work without its time.
 *
 * @param {unknown} entry
 * @returns {entry is {at: number, value: unknown}}
 */
function isTimed(entry) {
  return entry !== null && typeof entry === "object" && "at" in entry && "value" in entry;
}

/** @param {string} text */
function timeOf(text) {
  const entry = JSON.parse(text);
  return isTimed(entry) ? entry.at : 0;
}
