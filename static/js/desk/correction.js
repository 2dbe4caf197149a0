// Correcting a submission that was taken back: whether it is being corrected, what the page says, and how to
// discard it.

import { Draft } from "./storage/draft.js";
import { partsOf } from "../dom.js";

/** @import { Words } from "../texts.js" */
/** @import { OpenExam } from "./open_exam.js" */
/** @import { ReaderStore } from "./storage/reader_store.js" */
/** @import { Assignment } from "./types.js" */

export class Correction {
  /**
   * The assignment that the reader goes back to.
   *
   * @type {string | null}
   */
  #requestedId = null;

  /**
   * @param {HTMLElement} root
   * @param {{store: ReaderStore, words: Words}} deps
   */
  constructor(root, { store, words }) {
    this.part = partsOf(root);
    this.store = store;
    this.words = words;
  }

  /**
   * The reader goes back to the assignment `id`.
   *
   * @param {number | string} id
   */
  want(id) {
    this.#requestedId = String(id);
  }

  /**
   * Does the reader go back to `assignment` although its time is over?
   *
   * @param {Pick<Assignment, "id" | "undo_until">} assignment
   */
  isTooLate({ id, undo_until: until }) {
    return this.#requestedId === String(id) && !until;
  }

  /**
   * Is `assignment` open for correction, requested now or before a reload? The server sets the deadline.
   *
   * @param {Pick<Assignment, "id" | "reading" | "undo_until">} assignment
   */
  begins({ id, reading, undo_until: until }) {
    const isRequested = this.#requestedId === String(id);
    this.#requestedId = null;
    if (!until || !reading) return false;
    return isRequested || Draft.isCorrecting(this.store, { id, of: reading.id });
  }

  /**
   * Show what stands until the correction is submitted, with a way to discard it.
   *
   * @param {Pick<OpenExam, "assignment" | "isCorrecting">} exam
   */
  show({ assignment, isCorrecting }) {
    const isAbstention = assignment.reading?.outcome === "abstained";
    this.part("correction-banner").hidden = !isCorrecting;
    this.part("correction-text").textContent = isCorrecting
      ? this.words(isAbstention ? "retracting-abstention" : "retracting")
      : "";
  }

  /**
   * Forget what was entered, and the decisions on suggestions made meanwhile.
   *
   * @param {Pick<OpenExam, "id" | "draft">} exam
   */
  forget({ id, draft }) {
    draft.forget();
    this.store.remove(`second/${id}`);
  }
}
