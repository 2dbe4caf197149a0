// The draft of one reading: stored on this device at every change, and saved on the server when the reader
// pauses.
//
// The server numbers the drafts it saves. Each save names the version it is based on, and the server refuses
// it if another window or device has saved in between. Then the reader chooses one of the two drafts.

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
 * @property {Pick<typeof import("../../api.js"), "saveDraft"> | null} api null keeps the draft on this
 *   device only
 * @property {Clock} clock
 * @property {(draft: Draft) => void} onChange
 */

/** @typedef {typeof DraftState[keyof typeof DraftState]} State */

const PAUSE_MS = 700;

/** States of saving that the page displays. */
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
   * The draft on the server, while the reader has to choose between the two.
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

  /** False if this device could not store the draft. */
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
   * `of` is the ID of the reading that is being corrected, or `SECOND` for a second reading
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
   * Return true if the page with `assignment` was rendered before this device's last save reached the
   * server. A reload can overtake a save, and only this device knows the response to it.
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
   * The draft version that a submission is based on, and the saves whose responses this device did not
   * receive.
   *
   * @returns {Basis}
   */
  get basis() {
    return { version: this.#record.version, unanswered: this.#record.unanswered };
  }

  /**
   * Store the reader's change immediately, and save it on the server when the reader pauses.
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
   * Return true if a correction of the reading `of` is stored on this device.
   *
   * @param {ReaderStore} store
   * @param {{id: number | string, of: string}} reading
   */
  static isCorrecting(store, { id, of }) {
    return store.read(correctionName(id, of)) !== null;
  }

  /** Save now, because the network or the session is back. */
  retry() {
    if (this.#record.isDirty && !NOT_SAVING.has(this.state)) this.#schedule(0);
  }

  /** Stop saving for good and wait for a save in progress. Resolves to the basis for a submission. */
  async stopSaving() {
    this.#isSubmitted = true; // from now on, only the reading is sent
    this.#cancelTimer();
    this.state = DraftState.CLEAN;
    await this.#inFlight?.catch(() => {}); // a failed save must not delay the reading
    return this.basis;
  }

  /**
   * Continue with the draft that the reader chose.
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

  /** Delete the draft from this device. */
  forget() {
    this.#cancelTimer();
    this.deps.store.remove(this.#name);
    this.deps.store.remove(`saved/${this.id}`);
  }

  get #name() {
    return this.of ? correctionName(this.id, this.of) : `draft/${this.id}`;
  }

  /**
   * Compare unsaved changes from an earlier visit with the server's draft. Continue with them if the
   * server's draft is the one they are based on or has the same content; otherwise let the reader choose.
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

  /** Store the draft only until the server has it, because others may use this computer. */
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
    if (this.#inFlight) return; // when that save ends, it checks for newer changes
    this.#inFlight = this.#send(this.content);
    try {
      await this.#inFlight;
    } finally {
      this.#inFlight = null; // so that the next change is saved even after a failure
    }
    const hasMore = this.#record.isDirty && this.state === DraftState.SAVING;
    if (hasMore) this.#schedule(PAUSE_MS);
  }

  /** @param {Content} content */
  async #send(content) {
    const { api } = this.deps;
    if (!api) return;
    // Record the save before sending it. If the response is lost, the server's draft can still be recognized
    // as ours.
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
   * Handle a draft on the server that is not the expected version. It may be from another window or device,
   * it may be ours if a response was lost, or there may be none anymore.
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
 * Return the name under which the draft of a correction is stored. It includes the ID of the corrected
 * reading, so that the draft becomes obsolete when another reading replaces that one.
 *
 * @param {number | string} id
 * @param {string} of
 */
function correctionName(id, of) {
  return `correction/${id}/${of}`;
}
