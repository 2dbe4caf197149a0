// What a reader does with suggestions: decide on them one by one, while reading or afterwards; and afterwards read a
// second time, with a reason. The blind reading stays as it was signed.

import { Refused, SignedOut, Unreachable } from "../api.js";
import { keepingFocus, make, partsOf } from "../dom.js";
import * as labels from "./state/labels.js";
import { decide, restore, settle, told } from "./state/decisions.js";
import { isConfirmed, isShared } from "./state/model_answer.js";

/** Why a reader revises, in the order of the page. */
const REASONS = Object.freeze(["suggestion", "second_look", "slip", "other"]);

/** The way in which suggestions may be decided on. */
export const Mode = Object.freeze({ NONE: "none", WHILE_READING: "while-reading", AFTERWARDS: "afterwards" });

const NOTHING = Object.freeze({ isOpen: false, reason: null, decisions: {} });

export class Revision {
  #sitting = null;
  #state = NOTHING;

  /**
   * @param {HTMLElement} root of the desk
   * @param {{shelf: object, catalogue: object, words: Function, form: object, isUnderWay: (id) => boolean,
   *   onReopen: (assignment: object) => void, onChange: (edit: Function) => void, onDecide: () => void}} world
   */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    this.part = partsOf(root);
    root.addEventListener("click", ({ target }) => this.#click(target.closest("button")));
  }

  /** Was the second reading of `assignment` begun on this device and not yet sent? */
  isBegun(assignment) {
    return (
      modeOf(assignment) === Mode.AFTERWARDS &&
      Boolean(this.#stored(assignment)?.isOpen) &&
      !this.world.isUnderWay(assignment.id)
    );
  }

  /** Take what the reader decided on `sitting` before a reload. */
  seat(sitting) {
    this.#sitting = sitting;
    const stored = this.#stored(sitting.assignment) ?? signedBefore(sitting);
    this.#state = stored
      ? { ...NOTHING, ...stored, decisions: restore(stored.decisions, Object.keys(stored.decisions ?? {})) }
      : NOTHING;
    this.#draw();
  }

  get decisions() {
    return this.#state.decisions;
  }

  /** May the reader decide on the suggestions of the exam on view? */
  get mode() {
    const { assignment, isCorrecting } = this.#sitting;
    if (this.world.isUnderWay(assignment.id)) return Mode.NONE;
    return modeOf(isCorrecting ? { ...assignment, state: "draft" } : assignment);
  }

  get isRevising() {
    return this.#sitting.isRevising;
  }

  /**
   * Decide on the suggestion of `code`. Afterwards this begins the second reading, unless the reader agrees with what
   * they had given themselves: that is noted beside the reading as it stands.
   */
  decide(code, verdict) {
    const { catalogue, words, form, onChange, onDecide } = this.world;
    if (this.mode === Mode.NONE) return;
    if (
      verdict === "accepted" &&
      this.mode === Mode.AFTERWARDS &&
      !this.isRevising &&
      isShared(this.#sitting.assignment, code)
    ) {
      this.#confirm(code);
      return;
    }
    this.open();
    const { content } = this.#sitting;
    const next = decide(this.decisions, content, code, verdict, catalogue);
    if (next.blocker) {
      form.say(words("blocked", { name: catalogue.name(code), other: catalogue.name(next.blocker) }), {
        isAsking: true,
      });
      return;
    }
    this.#keep({ decisions: next.decisions });
    if (!labels.same(content, next.content)) onChange(() => next.content);
    onDecide();
  }

  /** Begin the second reading, or do nothing while reading the first time. */
  open() {
    if (this.mode !== Mode.AFTERWARDS || this.#sitting.isRevising) return;
    this.#keep({ isOpen: true });
    this.world.onReopen(this.#sitting.assignment);
  }

  /** What was changed may have been what was accepted. */
  follow(content) {
    const left = settle(this.decisions, content);
    if (left === this.decisions) return;
    this.#keep({ decisions: left });
    this.world.onDecide();
  }

  /** Is everything said that a revision has to say? If not, the reader is asked. */
  isReady() {
    if (!this.#sitting.isRevising || this.#state.reason !== null) return true;
    this.world.form.say(this.world.words("revision-why"), { isAsking: true });
    this.part("reasons").querySelector("button").focus();
    return false;
  }

  /** What the submission says beside the content: nothing where no suggestion was shown. */
  get said() {
    if (this.mode === Mode.NONE) return {};
    const decisions = told(this.decisions);
    if (this.#sitting.isRevising) return { decisions, reason: this.#state.reason };
    return decisions.length > 0 ? { decisions } : {};
  }

  async #confirm(code) {
    const { api, words, form, onDecide, onSignedOut } = this.world;
    const { assignment } = this.#sitting;
    if (isConfirmed(assignment, code)) return;
    try {
      await api.confirmSuggestion(assignment.id, code);
    } catch (error) {
      if (error instanceof SignedOut) onSignedOut();
      else if (error instanceof Unreachable) form.say(words("confirm-unreachable"), { isAsking: true });
      else if (error instanceof Refused)
        form.say(error.problem.detail || error.problem.title, { isAsking: true });
      else throw error;
      return;
    }
    assignment.reading.confirmed.push(code);
    if (assignment === this.#sitting.assignment) onDecide();
  }

  #stored({ id }) {
    return this.world.shelf.read(`second/${id}`);
  }

  #keep(change) {
    this.#state = Object.freeze({ ...this.#state, ...change });
    this.world.shelf.write(`second/${this.#sitting.id}`, this.#state);
    this.#draw();
  }

  #click(button) {
    if (button?.dataset.reason) this.#keep({ reason: button.dataset.reason });
    else if (button?.dataset.part === "revise") this.open();
    else if (button?.dataset.part === "revision-leave") this.#leave();
  }

  /** Nothing is revised: what was entered for it is forgotten, the blind reading is on view. */
  #leave() {
    this.#sitting.draft.forget();
    this.world.shelf.remove(`second/${this.#sitting.id}`);
    this.world.onReopen(this.#sitting.assignment);
  }

  #draw() {
    const isRevising = this.#sitting.isRevising;
    this.root.classList.toggle("is-revising", isRevising);
    this.part("revision-banner").hidden = !isRevising;
    this.part("revision-reasons").hidden = !isRevising;
    const reasons = this.part("reasons");
    keepingFocus(reasons, () =>
      reasons.replaceChildren(...(isRevising ? REASONS.map((reason) => this.#reason(reason)) : [])),
    );
  }

  /** The key goes from reason to reason. */
  #reason(reason) {
    const { words } = this.world;
    const chosen = REASONS.indexOf(this.#state.reason);
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

/** Who corrects a reading begins with what they decided then. */
function signedBefore({ assignment, isCorrecting }) {
  if (!isCorrecting) return null;
  const decisions = (assignment.reading.decisions ?? []).map((one) => [
    one.class,
    { verdict: one.verdict, isAdded: false },
  ]);
  return { decisions: Object.fromEntries(decisions) };
}

/**
 * While reading where the arm shows suggestions then; afterwards where they were shown to whoever had read blind.
 * That they are shown at all, the answer of the server tells.
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
