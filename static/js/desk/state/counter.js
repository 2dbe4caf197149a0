// How often each tool was used on the exam on view. Pure but for the counting.

const MOST_TOOLS = 30;
const MOST_USES = 10_000;
const NAME = /^[a-z0-9_]{1,40}$/;

export class Tally {
  #counts = new Map();

  /** One more use of the tool `name`; what is no name of a tool is not counted. */
  count(name) {
    const isRoom = this.#counts.has(name) || this.#counts.size < MOST_TOOLS;
    if (NAME.test(name) && isRoom)
      this.#counts.set(name, Math.min(MOST_USES, (this.#counts.get(name) ?? 0) + 1));
  }

  /** `{name: count}`. */
  get counts() {
    return Object.fromEntries(this.#counts);
  }
}
