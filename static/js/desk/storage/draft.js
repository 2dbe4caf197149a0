// The draft of one reading: kept on this device at every step, saved on the server a moment later.
//
// The server numbers the drafts it saves. A save names the number it is based on and is refused when another
// window or device saved in between; then the reader decides, and nothing is overwritten silently.

import { Refused, SignedOut, Unreachable } from "../../api.js";
import { backoffMs } from "../../clock.js";
import { same } from "../state/labels.js";

/** @import { Clock } from "../../clock.js" */
/** @import { Problem } from "../../api.js" */
/** @import { Assignment, Basis, Content, Draft as ServerDraft } from "../types.js" */
/** @import { ReaderStore } from "./reader_store.js" */

/**
 * @typedef {object} DraftRecord as stored on this device
 * @property {number} version
 * @property {Content} content
 * @property {boolean} isDirty
 * @property {readonly Content[]} unanswered
 */

/**
 * @typedef {object} DraftDeps
 * @property {ReaderStore} store
 * @property {Pick<typeof import("../../api.js"), "saveDraft"> | null} api null: keep the draft on this
 *   device only
 * @property {Clock} clock
 * @property {(draft: Draft) => void} onChange
 */

/** @typedef {typeof DraftState[keyof typeof DraftState]} State */

const PAUSE_MS = 700;

/** What the page says about saving. */
export const DraftState = Object.freeze(
  /** @type {const} */ ({
    CLEAN: "clean",
    SAVING: "saving",
    SAVED: "saved",
    OFFLINE: "offline",
    SIGNED_OUT: "signed-out",
    ELSEWHERE: "changed-elsewhere",
    CLOSED: "closed",
    REFUSED: "refused",
    HERE: "kept-here",
  }),
);

/**
 * No saves are sent in these states.
 *
 * @type {Set<State>}
 */
const NOT_SAVING = new Set([DraftState.ELSEWHERE, DraftState.CLOSED, DraftState.REFUSED]);

export class Draft {
  /** @type {State} */
  state = DraftState.CLEAN;

  /**
   * The other draft, while the reader has to choose.
   *
   * @type {ServerDraft | null}
   */
  other = null;

  /**
   * Why the server refuses the draft.
   *
   * @type {Problem | null}
   */
  problem = null;

  /** False when not even this device could keep it. */
  isKept = true;

  /** @type {DraftRecord} */
  #record;
  #cancelTimer = () => {};
  /** @type {Promise<void> | null} */
  #inFlight = null;
  #tries = 0;
  #isSubmitted = false;

  /**
   * @param {{id: number | string, server: ServerDraft | null, blank: Content, of?: string | null}} reading
   *   `of` is the submitted reading that is being corrected
   * @param {DraftDeps} deps
   */
  constructor({ id, server, blank, of = null }, deps) {
    this.id = id;
    this.of = of;
    this.deps = deps;
    const theirs = { version: server?.version ?? 0, content: server?.content ?? blank };
    const record = deps.store.read(this.#name);
    this.#record = { ...theirs, isDirty: false, unanswered: [] };
    if (server) this.state = DraftState.SAVED;
    if (record?.isDirty) this.#resume(record, theirs);
  }

  /**
   * Was the page with `assignment` rendered before this device's last save reached the server? A reload
   * overtakes a save that is on its way, and only this device knows the save's answer.
   *
   * @param {ReaderStore} store
   * @param {Pick<Assignment, "id" | "draft">} assignment
   */
  static isBehind(store, { id, draft }) {
    const saved = /** @type {number | null} */ (store.read(`saved/${id}`));
    return (saved ?? 0) > (draft?.version ?? 0);
  }

  get content() {
    return this.#record.content;
  }

  /**
   * What a submission is based on, and which of our saves the server may hold without our knowing.
   *
   * @returns {Basis}
   */
  get basis() {
    return { version: this.#record.version, unanswered: this.#record.unanswered };
  }

  /**
   * Keep the reader's change at once, save it when the reader pauses.
   *
   * @param {Content} content
   */
  edit(content) {
    this.#record = { ...this.#record, content, isDirty: true };
    this.#keep();
    if (NOT_SAVING.has(this.state)) return;
    if (!this.deps.api) return this.#move(DraftState.HERE);
    this.#move(DraftState.SAVING);
    this.#schedule(PAUSE_MS);
  }

  /**
   * Is a correction of the reading `of` kept on this device?
   *
   * @param {ReaderStore} store
   * @param {{id: number | string, of: string}} reading
   */
  static isCorrecting(store, { id, of }) {
    return store.read(correctionName(id, of)) !== null;
  }

  /** Try again now: the network or the session is back. */
  retry() {
    if (this.#record.isDirty && !NOT_SAVING.has(this.state)) this.#schedule(0);
  }

  /** Stop saving for good and wait for a save in flight; returns the basis for a submission. */
  async stopSaving() {
    this.#isSubmitted = true; // when the network is back, only the reading goes out
    this.#cancelTimer();
    this.state = DraftState.CLEAN;
    await this.#inFlight?.catch(() => {}); // a failed save must not hold the reading back
    return this.basis;
  }

  /**
   * The reader chose one of two drafts.
   *
   * @param {"mine" | "theirs"} choice
   */
  resolve(choice) {
    if (this.other === null) return;
    const { version, content } = this.other;
    const isMine = choice === "mine";
    this.#record = { version, content: isMine ? this.content : content, isDirty: isMine, unanswered: [] };
    this.other = null;
    this.#keep();
    this.#move(isMine ? DraftState.SAVING : DraftState.SAVED);
    if (isMine) this.#schedule(0);
  }

  /** The reading was submitted: this device need not remember the draft. */
  forget() {
    this.#cancelTimer();
    this.deps.store.remove(this.#name);
    this.deps.store.remove(`saved/${this.id}`);
  }

  get #name() {
    return this.of ? correctionName(this.id, this.of) : `draft/${this.id}`;
  }

  /**
   * Unsaved work of an earlier visit meets what the server has now.
   *
   * @param {DraftRecord} record
   * @param {ServerDraft} theirs
   */
  #resume(record, theirs) {
    const isOurs =
      record.version === theirs.version || record.unanswered.some((sent) => same(sent, theirs.content));
    this.#record = { ...record, version: isOurs ? theirs.version : record.version };
    if (isOurs || same(record.content, theirs.content)) {
      this.#record.version = theirs.version;
      this.state = this.deps.api ? DraftState.SAVING : DraftState.HERE;
      this.#schedule(0);
    } else {
      this.other = theirs;
      this.state = DraftState.ELSEWHERE;
    }
  }

  /** What the server has should not stay on a computer that others may use. */
  #keep() {
    if (this.#record.isDirty) this.isKept = this.deps.store.write(this.#name, this.#record);
    else this.deps.store.remove(this.#name);
  }

  /** @param {State} state */
  #move(state) {
    this.state = state;
    this.deps.onChange(this);
  }

  /** @param {number} ms */
  #schedule(ms) {
    this.#cancelTimer();
    if (this.#isSubmitted || !this.deps.api) return;
    this.#cancelTimer = this.deps.clock.after(ms, () => this.#save());
  }

  async #save() {
    if (this.#inFlight) return; // it checks for newer work when it ends
    this.#inFlight = this.#send(this.content);
    try {
      await this.#inFlight;
    } finally {
      this.#inFlight = null; // even after a failure the next change is saved
    }
    const hasMore = this.#record.isDirty && this.state === DraftState.SAVING;
    if (hasMore) this.#schedule(PAUSE_MS);
  }

  /** @param {Content} content */
  async #send(content) {
    const { api } = this.deps;
    if (!api) return;
    // Noted before it is sent: if the answer is lost, we still recognize the server's draft as ours.
    this.#record = { ...this.#record, unanswered: [...this.#record.unanswered, content].slice(-5) };
    this.#keep();
    try {
      const { version } = await api.saveDraft(this.id, {
        based_on: this.#record.version,
        content,
      });
      this.#accept(version, content);
    } catch (error) {
      this.#fail(error, content);
    }
  }

  /**
   * @param {number} version
   * @param {Content} content
   */
  #accept(version, content) {
    this.#tries = 0;
    const isDirty = this.content !== content;
    this.#record = { ...this.#record, version, isDirty, unanswered: [] };
    this.deps.store.write(`saved/${this.id}`, version);
    this.#keep();
    this.#move(isDirty ? DraftState.SAVING : DraftState.SAVED);
  }

  /**
   * @param {unknown} error
   * @param {Content} content
   */
  #fail(error, content) {
    if (error instanceof Unreachable) this.#wait(DraftState.OFFLINE);
    else if (error instanceof SignedOut) this.#wait(DraftState.SIGNED_OUT);
    else if (!(error instanceof Refused)) throw error;
    else if (error.kind === "stale-draft") this.#reconcile(error.problem.draft, content);
    else {
      this.problem = error.problem;
      this.#move(error.status === 409 ? DraftState.CLOSED : DraftState.REFUSED);
    }
  }

  /** @param {State} state */
  #wait(state) {
    this.#tries += 1;
    this.#move(state);
    this.#schedule(backoffMs(this.#tries));
  }

  /**
   * The server has a draft we did not know: somebody else's, our own whose answer was lost, or none anymore.
   *
   * @param {ServerDraft | undefined} theirs
   * @param {Content} content
   */
  #reconcile(theirs, content) {
    if (theirs && same(theirs.content, content)) {
      this.#accept(theirs.version, content);
    } else if (!theirs || this.#record.unanswered.some((sent) => same(sent, theirs.content))) {
      this.#record = { ...this.#record, version: theirs?.version ?? 0, unanswered: [] };
      this.#keep();
      this.#move(DraftState.SAVING);
    } else {
      this.other = theirs;
      this.#move(DraftState.ELSEWHERE);
    }
  }
}

/**
 * A correction belongs to the reading it corrects; once another reading stands, it is obsolete.
 *
 * @param {number | string} id
 * @param {string} of
 */
function correctionName(id, of) {
  return `correction/${id}/${of}`;
}
