// A reader's values in the browser's storage. They survive a reload, a crash and signing out.

/**
 * @typedef {{put: (name: string, text: string) => unknown, remove: (name: string) => unknown, entries:
 *   (prefix: string) => Promise<[string, string][]>}} Backup a second copy that survives a killed browser
 */

/** Names of values that hold the reader's work. Only these are copied to the backup. */
const WORK = /^(outbox|draft|saved|correction|second|viewing|adjudication)\//;

/**
 * JSON values under names that include the reader. Work is stored with its time, as {at, value}.
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
   * Copies that the backup has not committed yet.
   *
   * @type {Set<Promise<unknown>>}
   */
  #uncommitted = new Set();

  /**
   * @param {Storage} storage such as localStorage
   * @param {string} reader separates the drafts of people who share a computer
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
   * Restore entries that are missing or older than in the backup, because the browser was killed. Call this
   * only while no other window is open: until the browser exits, its storage is always up to date.
   *
   * Work that has been finished may come back too. That is harmless, because a reading that is sent twice
   * is stored once.
   */
  async recover() {
    for (const [key, text] of await this.#copies()) {
      const entry = this.#storage.getItem(key);
      if (entry === null || timeOf(entry) < timeOf(text)) this.#put(key, text);
    }
  }

  /**
   * @param {string} name
   * @returns {any} a JSON value, or null if there is none
   */
  read(name) {
    const text = this.#storage.getItem(this.#prefix + name);
    if (text === null) return null;
    const entry = JSON.parse(text);
    return isTimed(entry) ? entry.value : entry;
  }

  /**
   * Store `value`. Returns false if the browser has no space or forbids storage, so that the page can say
   * so.
   *
   * @param {string} name
   * @param {unknown} value
   */
  write(name, value) {
    const isWork = WORK.test(name);
    const text = JSON.stringify(isWork ? { at: this.#now(), value } : value);
    if (isWork && this.#backup) this.#track(this.#backup.put(this.#prefix + name, text));
    return this.#put(this.#prefix + name, text);
  }

  /**
   * Resolve when the work stored so far has been copied to the backup, where it survives a killed browser, or
   * when copying has failed.
   *
   * @returns {Promise<unknown>}
   */
  backedUp() {
    return Promise.allSettled(this.#uncommitted);
  }

  /** @param {unknown} copying */
  #track(copying) {
    const copied = Promise.resolve(copying).finally(() => this.#uncommitted.delete(copied));
    this.#uncommitted.add(copied);
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
   * Return the reader's entries in the backup as [key, text]. Returns none if that fails, because the desk
   * has to start anyway.
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
   * Return the names that start with `prefix`.
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
 * Return true if the entry is stored with its time. Earlier versions stored work without it.
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
