// Counts how often each tool was used on the open exam.

const MAX_TOOLS = 30;
const MAX_USES = 10_000;
const NAME = /^[a-z0-9_]{1,40}$/;

export class Counter {
  /** @type {Map<string, number>} */
  #counts = new Map();

  /**
   * Count one use of the tool `name`. Invalid names are ignored.
   *
   * @param {string} name
   */
  count(name) {
    const hasSpace = this.#counts.has(name) || this.#counts.size < MAX_TOOLS;
    if (NAME.test(name) && hasSpace)
      this.#counts.set(name, Math.min(MAX_USES, (this.#counts.get(name) ?? 0) + 1));
  }

  /** Uses by tool, as `{name: count}`. */
  get counts() {
    return Object.fromEntries(this.#counts);
  }
}
