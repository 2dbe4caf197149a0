// The open exam: its content with undo, its draft, and the time the reader has worked on it.

import { Draft } from "./storage/draft.js";
import * as history from "./state/history.js";
import * as labels from "./state/labels.js";
import { Stopwatch } from "./state/stopwatch.js";
import { Counter } from "./state/counter.js";

/**
 * Marks the draft of a second reading. The draft of a correction has the ID of the corrected reading
 * instead.
 */
export const SECOND = "second";

/** @import { Clock } from "../clock.js" */
/** @import { Catalog } from "./state/catalog.js" */
/** @import { History } from "./state/history.js" */
/** @import { DraftDeps } from "./storage/draft.js" */
/** @import { ReaderStore } from "./storage/reader_store.js" */
/** @import { Assignment, Content, ContentLike, Edit } from "./types.js" */

/**
 * With `isCorrecting` or `isRevising`, the draft is kept only on this device until it is submitted.
 *
 * @typedef {object} OpenExamDeps
 * @property {DraftDeps["api"]} api
 * @property {Catalog} catalog
 * @property {Clock} clock
 * @property {ReaderStore} store
 * @property {(draft: Draft) => void} onDraft
 * @property {boolean} [isCorrecting]
 * @property {boolean} [isRevising]
 */

export class OpenExam {
  /** @type {History} */
  #history;
  #counter = new Counter();

  /**
   * @param {Assignment} assignment
   * @param {OpenExamDeps} deps
   */
  constructor(assignment, deps) {
    this.assignment = assignment;
    this.deps = deps;
    this.isCorrecting = Boolean(deps.isCorrecting);
    this.isRevising = Boolean(deps.isRevising);
    this.stopwatch = new Stopwatch(deps.clock.now());
    const isAgain = this.isCorrecting || this.isRevising;
    this.draft = isAgain ? this.#localDraft() : this.#serverDraft();
    this.#history = this.#begin(
      isAgain ? this.draft.content : (assignment.revision ?? assignment.reading ?? this.draft.content),
    );
  }

  get id() {
    return this.assignment.id;
  }

  get content() {
    return this.#history.present;
  }

  get canUndo() {
    return this.#history.past.length > 0;
  }

  /**
   * Replace the content and clear the undo history.
   *
   * @param {ContentLike} content
   */
  adopt(content) {
    this.#history = this.#begin(content);
  }

  /**
   * Apply `edit` to the content. Returns false if that changes nothing.
   *
   * @param {Edit} edit
   */
  change(edit) {
    return this.#moveTo(history.step(this.#history, edit(this.content)));
  }

  undo() {
    return this.#moveTo(history.undo(this.#history));
  }

  /** @param {string} name */
  countTool(name) {
    this.#counter.count(name);
  }

  /**
   * Return how the exam was read: times in ms, the display, and the tools used.
   *
   * @param {object} display
   */
  circumstances(display) {
    const now = this.deps.clock.now();
    return {
      active_ms: this.stopwatch.activeMs(now),
      idle_ms: this.stopwatch.idleMs(now),
      display,
      tools: this.#counter.counts,
    };
  }

  /** @param {ContentLike} content */
  #begin(content) {
    return history.begin(labels.restore(content, this.deps.catalog));
  }

  /** @param {History} steps */
  #moveTo(steps) {
    if (steps === this.#history) return false;
    this.#history = steps;
    this.draft.edit(steps.present);
    return true;
  }

  #serverDraft() {
    const { draft } = this.assignment;
    const server = draft && { ...draft, content: labels.restore(draft.content, this.deps.catalog) };
    return this.#draft({ id: this.id, server, blank: labels.blank() }, this.deps.api);
  }

  /** Create a draft on this device only, because the server does not accept drafts of submitted exams. */
  #localDraft() {
    const { reading } = this.assignment;
    const of = this.isRevising ? SECOND : reading?.id;
    return this.#draft(
      { id: this.id, server: null, blank: labels.restore(reading, this.deps.catalog), of },
      null,
    );
  }

  /**
   * @param {ConstructorParameters<typeof Draft>[0]} reading
   * @param {DraftDeps["api"]} api
   */
  #draft(reading, api) {
    const { store, clock, onDraft } = this.deps;
    return new Draft(reading, { store, api, clock, onChange: onDraft });
  }
}
