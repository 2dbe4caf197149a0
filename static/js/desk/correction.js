// A submission that was taken back: whether it is being corrected, what the page says of it, and how to leave it.

import { Draft } from "./storage/draft.js";
import { partsOf } from "../dom.js";

export class Correction {
  #wanted = null; // the assignment that the reader goes back to

  /** @param {HTMLElement} root @param {{shelf: object, words: Function}} world */
  constructor(root, { shelf, words }) {
    this.part = partsOf(root);
    this.shelf = shelf;
    this.words = words;
  }

  /** The reader goes back to the assignment `id`. */
  want(id) {
    this.#wanted = String(id);
  }

  /** Does the reader go back to `assignment` although its time is over? */
  isTooLate({ id, undo_until: until }) {
    return this.#wanted === String(id) && !until;
  }

  /** Going back to what was submitted, now or before a reload; until when, the server says. */
  begins({ id, reading, undo_until: until }) {
    const isWanted = this.#wanted === String(id);
    this.#wanted = null;
    if (!until || !reading) return false;
    return isWanted || Draft.isCorrecting(this.shelf, { id, of: reading.id });
  }

  /** Say what stands until the correction is submitted, with a way to leave it at that. */
  show({ assignment, isCorrecting }) {
    const isAbstention = assignment.reading?.outcome === "abstained";
    this.part("correction-banner").hidden = !isCorrecting;
    this.part("correction-text").textContent = isCorrecting
      ? this.words(isAbstention ? "retracting-abstention" : "retracting")
      : "";
  }

  /** Forget what was entered, and what was decided on suggestions meanwhile. */
  forget({ id, draft }) {
    draft.forget();
    this.shelf.remove(`second/${id}`);
  }
}
