// The reader's decisions on suggestions, made while reading or afterwards, and the second reading made
// afterwards, which has a reason. The blind reading stays unchanged.

import { Refused, SignedOut, Unreachable } from "../../api.js";
import { closestTo, find, keepFocus, make, partsOf } from "../../dom.js";
import * as labels from "../state/labels.js";
import { decide, dropStale, forSubmission, restore } from "../state/decisions.js";
import { isConfirmed, isShared } from "../state/model_answer.js";

/** Reasons for a second reading, in the order of the page. */
const REASONS = Object.freeze(["suggestion", "second_look", "slip", "other"]);

/** When the reader may decide on suggestions. */
export const Mode = Object.freeze({ NONE: "none", WHILE_READING: "while-reading", AFTERWARDS: "afterwards" });

/** @import { Words } from "../../texts.js" */
/** @import { ReadingForm } from "../form/form.js" */
/** @import { OpenExam } from "../open_exam.js" */
/** @import { Catalog } from "../state/catalog.js" */
/** @import { Decisions } from "../state/decisions.js" */
/** @import { ReaderStore } from "../storage/reader_store.js" */
/** @import { Assignment, Content, Decision, Edit } from "../types.js" */

/**
 * @typedef {{isOpen: boolean, reason: string | null, decisions: Decisions}} RevisionState as stored on this
 *   device
 */

/**
 * @typedef {object} RevisionDeps
 * @property {Pick<typeof import("../../api.js"), "confirmSuggestion">} api
 * @property {Catalog} catalog
 * @property {Pick<ReadingForm, "say">} form
 * @property {ReaderStore} store
 * @property {Words} words
 * @property {(id: number) => boolean} isBeingSent
 * @property {(edit: Edit) => void} onChange
 * @property {() => void} onDecide
 * @property {(assignment: Assignment) => void} onReopen
 * @property {() => void} onSignedOut
 */

/** @type {Readonly<RevisionState>} */
const NOTHING = Object.freeze({ isOpen: false, reason: null, decisions: {} });

export class Revision {
  /** @type {OpenExam | null} */
  #examOrNull = null;
  #state = NOTHING;

  /**
   * @param {HTMLElement} root of the desk
   * @param {RevisionDeps} deps
   */
  constructor(root, deps) {
    this.root = root;
    this.deps = deps;
    this.part = partsOf(root);
    root.addEventListener("click", (event) => this.#click(closestTo(event, "button")));
  }

  /**
   * Return true if a second reading of `assignment` was started on this device and is not being sent.
   *
   * @param {Assignment} assignment
   */
  isBegun(assignment) {
    return (
      modeOf(assignment) === Mode.AFTERWARDS &&
      Boolean(this.#stored(assignment)?.isOpen) &&
      !this.deps.isBeingSent(assignment.id)
    );
  }

  /**
   * Restore the decisions on the exam that were made before a reload, or submitted before a correction.
   *
   * @param {OpenExam} exam
   */
  setExam(exam) {
    this.#examOrNull = exam;
    const stored = this.#stored(exam.assignment) ?? signedBefore(exam);
    this.#state = stored
      ? { ...NOTHING, ...stored, decisions: restore(stored.decisions, Object.keys(stored.decisions ?? {})) }
      : NOTHING;
    this.#draw();
  }

  get #exam() {
    if (this.#examOrNull === null) throw new Error("no exam is open yet");
    return this.#examOrNull;
  }

  get decisions() {
    return this.#state.decisions;
  }

  /** When the reader may decide on the suggestions of the open exam. */
  get mode() {
    const { assignment, isCorrecting } = this.#exam;
    if (this.deps.isBeingSent(assignment.id)) return Mode.NONE;
    return modeOf(isCorrecting ? { ...assignment, state: "draft" } : assignment);
  }

  get isRevising() {
    return this.#exam.isRevising;
  }

  /**
   * Decide on the suggestion of `code`. After the first reading this starts a second one, unless the reader
   * accepts a suggestion that matches their own finding. That is recorded with the first reading.
   *
   * @param {string} code
   * @param {Decision} verdict
   */
  decide(code, verdict) {
    const { catalog, words, form, onChange, onDecide } = this.deps;
    if (this.mode === Mode.NONE) return;
    if (
      verdict === "accepted" &&
      this.mode === Mode.AFTERWARDS &&
      !this.isRevising &&
      isShared(this.#exam.assignment, code)
    ) {
      this.#confirm(code);
      return;
    }
    this.begin();
    const { content } = this.#exam;
    const next = decide(this.decisions, content, code, verdict, catalog);
    if (next.blocker) {
      form.say(words("blocked", { name: catalog.name(code), other: catalog.name(next.blocker) }), {
        isAsking: true,
      });
      return;
    }
    this.#keep({ decisions: next.decisions });
    if (!labels.same(content, next.content)) onChange(() => next.content);
    onDecide();
  }

  /** Start the second reading. Does nothing if it is already in progress or cannot be made now. */
  begin() {
    if (this.mode !== Mode.AFTERWARDS || this.#exam.isRevising) return;
    this.#keep({ isOpen: true });
    this.deps.onReopen(this.#exam.assignment);
  }

  /**
   * Drop decisions that no longer fit the content, such as the acceptance of a class that was removed.
   *
   * @param {Content} content
   */
  follow(content) {
    const left = dropStale(this.decisions, content);
    if (left === this.decisions) return;
    this.#keep({ decisions: left });
    this.deps.onDecide();
  }

  /** Return true if the revision is complete. Otherwise ask the reader for the reason. */
  isReady() {
    if (!this.#exam.isRevising || this.#state.reason !== null) return true;
    this.deps.form.say(this.deps.words("revision-reason"), { isAsking: true });
    find(this.part("reasons"), "button").focus();
    return false;
  }

  /** The fields of a submission that concern suggestions: decisions and the reason of a second reading. */
  get submission() {
    if (this.mode === Mode.NONE) return {};
    const decisions = forSubmission(this.decisions);
    if (this.#exam.isRevising) return { decisions, reason: this.#state.reason };
    return decisions.length > 0 ? { decisions } : {};
  }

  /** @param {string} code */
  async #confirm(code) {
    const { api, words, form, onDecide, onSignedOut } = this.deps;
    const { assignment } = this.#exam;
    if (isConfirmed(assignment, code)) return;
    try {
      await api.confirmSuggestion(assignment.id, code);
    } catch (error) {
      if (error instanceof SignedOut) onSignedOut();
      else if (error instanceof Unreachable) form.say(words("confirm-unreachable"), { isAsking: true });
      else if (error instanceof Refused)
        form.say(error.problem.detail || error.problem.title || "", { isAsking: true });
      else throw error;
      return;
    }
    assignment.reading?.confirmed.push(code);
    if (assignment === this.#exam.assignment) onDecide();
  }

  /**
   * @param {Pick<Assignment, "id">} assignment
   * @returns {Partial<RevisionState> | null}
   */
  #stored({ id }) {
    return this.deps.store.read(`second/${id}`);
  }

  /** @param {Partial<RevisionState>} change */
  #keep(change) {
    this.#state = Object.freeze({ ...this.#state, ...change });
    this.deps.store.write(`second/${this.#exam.id}`, this.#state);
    this.#draw();
  }

  /** @param {HTMLElement | null} button */
  #click(button) {
    if (button?.dataset.reason) this.#keep({ reason: button.dataset.reason });
    else if (button?.dataset.part === "revise") this.begin();
    else if (button?.dataset.part === "revision-discard") this.#leave();
  }

  /** Cancel the second reading: delete its draft and decisions, and show the blind reading. */
  #leave() {
    this.#exam.draft.forget();
    this.deps.store.remove(`second/${this.#exam.id}`);
    this.deps.onReopen(this.#exam.assignment);
  }

  #draw() {
    const isRevising = this.#exam.isRevising;
    this.root.classList.toggle("is-revising", isRevising);
    this.part("revision-banner").hidden = !isRevising;
    this.part("revision-reasons").hidden = !isRevising;
    const reasons = this.part("reasons");
    keepFocus(reasons, () =>
      reasons.replaceChildren(...(isRevising ? REASONS.map((reason) => this.#reason(reason)) : [])),
    );
  }

  /**
   * Build the button of a reason. The keyboard shortcut is on the next reason, so that it steps through
   * them.
   *
   * @param {string} reason
   */
  #reason(reason) {
    const { words } = this.deps;
    const chosen = REASONS.findIndex((one) => one === this.#state.reason);
    const isNext = REASONS[(chosen + 1) % REASONS.length] === reason;
    return make(
      "button",
      {
        type: "button",
        class: "chip-button",
        "data-reason": reason,
        "data-focus": reason,
        "aria-pressed": String(reason === this.#state.reason),
        "aria-keyshortcuts": isNext ? "q" : null,
        "data-key-label": isNext ? words("revision-reason-key") : null,
      },
      words(`reason-${reason}`),
      isNext ? make("kbd", {}, "Q") : null,
    );
  }
}

/**
 * Return the submitted decisions, with which a correction starts, or null if this is not a correction.
 *
 * @param {OpenExam} exam
 * @returns {Pick<RevisionState, "decisions"> | null}
 */
function signedBefore({ assignment, isCorrecting }) {
  if (!isCorrecting) return null;
  const decisions = (assignment.reading?.decisions ?? []).map((one) => [
    one.class,
    { verdict: one.verdict, isAdded: false },
  ]);
  return { decisions: Object.fromEntries(decisions) };
}

/**
 * Return when the reader may decide on suggestions: while reading if the study arm shows them then,
 * otherwise after a blind reading. The server decides whether there are any.
 *
 * @param {Pick<Assignment, "state" | "reading" | "revision" | "batch" | "is_shown_suggestions">} assignment
 */
export function modeOf({
  state,
  reading,
  revision,
  batch,
  is_shown_suggestions: isShownWhileReading = false,
}) {
  if (!batch?.is_open) return Mode.NONE;
  if (state !== "submitted") return isShownWhileReading ? Mode.WHILE_READING : Mode.NONE;
  return isShownWhileReading || !reading || reading.outcome === "abstained" || revision
    ? Mode.NONE
    : Mode.AFTERWARDS;
}
