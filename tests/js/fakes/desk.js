// Fakes of the browser and the server that a test controls: storage, time, requests.

import { Refused, Unreachable } from "../../../static/js/api.js";
import { ReaderStore } from "../../../static/js/desk/storage/reader_store.js";

export class FakeStorage {
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  key(i) {
    return [...this.#items.keys()][i];
  }
  getItem(name) {
    return this.#items.get(name) ?? null;
  }
  setItem(name, text) {
    this.#items.set(name, text);
  }
  removeItem(name) {
    this.#items.delete(name);
  }
}

/** Time stands still until `advance` is called. */
export class FakeClock {
  #now = 0;
  #timers = new Set();
  now = () => this.#now;
  after = (ms, action) => {
    const timer = { due: this.#now + ms, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  async advance(ms) {
    const until = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.due <= until).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = next.due;
      next.action();
      await settled();
    }
    this.#now = until;
    await settled();
  }
}

/** Let all pending promises settle. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * A server that follows the rules of the real one: drafts are numbered, and a key creates only one reading.
 */
export class FakeServer {
  drafts = new Map();
  readings = new Map();
  isDown = false;
  losesAnswers = false;
  requests = 0;

  saveDraft = async (id, { based_on, content }) => {
    this.#arrive();
    const draft = this.drafts.get(id);
    if ((draft?.version ?? 0) !== based_on) throw new Refused(409, { type: "/problems/stale-draft", draft });
    this.drafts.set(id, { version: based_on + 1, content });
    return this.#answer({ version: based_on + 1 });
  };

  submitReading = async (id, reading, key) => {
    this.#arrive();
    const existing = this.readings.get(id);
    if (existing && existing.key !== key) throw new Refused(409, { type: "/problems/already-submitted" });
    const draft = this.drafts.get(id);
    if (!existing && (draft?.version ?? 0) !== reading.based_on) {
      throw new Refused(409, { type: "/problems/stale-draft", draft });
    }
    this.readings.set(id, { key, reading });
    this.drafts.delete(id);
    return this.#answer({ id, next: null });
  };

  #arrive() {
    this.requests += 1;
    if (this.isDown) throw new Unreachable("no connection");
  }

  #answer(answer) {
    if (this.losesAnswers) throw new Unreachable("the answer was lost");
    return answer;
  }
}

export function fakeDeps(overrides = {}) {
  const events = [];
  let keys = 0;
  return {
    store: new ReaderStore(new FakeStorage(), "ana"),
    api: new FakeServer(),
    clock: new FakeClock(),
    newKey: () => `key-${(keys += 1)}`,
    events,
    onEvent: (event) => events.push(event),
    onChange: (draft) => events.push(draft.state),
    ...overrides,
  };
}

export function content(...codes) {
  return {
    findings: codes.map((code) => ({ class: code, certainty: "definite" })),
    quality: "good",
    comment: "",
  };
}

/** The subset of an element that building a panel needs. */
export class FakeElement {
  children = [];
  attributes = {};
  constructor(tag) {
    this.tag = tag;
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  addEventListener() {}
  contains() {
    return false;
  }
}

/** Like `textContent`, for fake elements and for strings. */
export function textOf(element) {
  return typeof element === "string" ? element : element.children.map(textOf).join("");
}

/** A document to assign to globalThis.document, so that `make` uses it. */
export class FakeDocument {
  activeElement = null;
  documentElement = { lang: "en" };
  createElement = (tag) => new FakeElement(tag);
}
