// Correction of a submission that the reader has taken back: whether it is in progress, its banner, and
// discarding it.

import { Draft } from "./storage/draft.js";
import { partsOf } from "../dom.js";

/** @import { Words } from "../texts.js" */
/** @import { OpenExam } from "./open_exam.js" */
/** @import { ReaderStore } from "./storage/reader_store.js" */
/** @import { Assignment } from "./types.js" */

export class Correction {
  /**
   * ID of the assignment that the reader has asked to correct.
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
   * Record that the reader has asked to correct assignment `id`. The correction begins when the
   * assignment is opened.
   *
   * @param {number | string} id
   */
  want(id) {
    this.#requestedId = String(id);
  }

  /**
   * Return true if the reader has asked to correct `assignment` after its deadline.
   *
   * @param {Pick<Assignment, "id" | "undo_until">} assignment
   */
  isTooLate({ id, undo_until: until }) {
    return this.#requestedId === String(id) && !until;
  }

  /**
   * Return true if `assignment` opens for correction: the reader has asked for it, now or before a reload,
   * and the deadline set by the server has not passed. Clears the request.
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
   * Show or hide the banner of the correction, which offers to discard it.
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
   * Delete the draft of the correction and the decisions on suggestions made in it.
   *
   * @param {Pick<OpenExam, "id" | "draft">} exam
   */
  forget({ id, draft }) {
    draft.forget();
    this.store.remove(`second/${id}`);
  }
}
