// How long suggestions lay before the reader's eyes: stretches of time, kept on this device until the server has them.

import { Refused, SignedOut, Unreachable } from "../api.js";

/** Shorter than this nobody has looked at anything. */
const LEAST_MS = 300;

export class Viewing {
  #assignment = null;
  #since = null;

  /** @param {{api: object, clock: object, shelf: object, newKey: () => string}} world */
  constructor(world) {
    this.world = world;
  }

  /** The suggestions of the assignment `id` are on view, and seen unless the page itself is hidden. */
  begin(id, isVisible = true) {
    this.end();
    this.#assignment = id;
    this.see(isVisible);
  }

  /** They are not any more. */
  end() {
    this.see(false);
    this.#assignment = null;
  }

  /** The page was hidden, or is seen again. */
  see(isVisible) {
    if (this.#assignment === null || isVisible === (this.#since !== null)) return;
    const now = this.world.clock.now();
    const shownMs = isVisible ? 0 : Math.round(now - this.#since);
    this.#since = isVisible ? now : null;
    if (shownMs < LEAST_MS) return;
    this.world.shelf.write(`viewing/${this.world.newKey()}`, { id: this.#assignment, shown_ms: shownMs });
    this.send();
  }

  /** Send what waits; what cannot be sent now goes with the next. */
  async send() {
    const { api, shelf } = this.world;
    for (const name of shelf.names("viewing/")) {
      const { id, ...seen } = shelf.read(name) ?? {};
      try {
        if (id !== undefined) await api.noteViewing(id, seen, name.slice("viewing/".length));
      } catch (error) {
        if (error instanceof Unreachable || error instanceof SignedOut) return;
        if (!(error instanceof Refused)) throw error;
      }
      shelf.remove(name);
    }
  }
}
