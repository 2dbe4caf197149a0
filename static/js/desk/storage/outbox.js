// Readings on their way to the server. A reading stays on this device until the server has answered.
//
// Each reading carries its own key, so that sending it twice (after a lost answer, from two windows, after a
// reload) creates one reading.

import { Refused, SignedOut, Unreachable } from "../../api.js";
import { backoffMs } from "../../clock.js";
import { same } from "../state/labels.js";

/** @import { Clock } from "../../clock.js" */
/**
 * @import { AcceptedAnswer, Basis, Content, Draft as ServerDraft, OutboxEntry, OutboxEvent, ReadingRequest
 *   } from "../types.js"
 */
/** @import { Draft } from "./draft.js" */
/** @import { ReaderStore } from "./reader_store.js" */

/**
 * @typedef {object} OutboxDeps
 * @property {ReaderStore} store
 * @property {Pick<typeof import("../../api.js"), "submitReading" | "submitRevision">} api
 * @property {Clock} clock
 * @property {() => string} newKey
 * @property {(event: OutboxEvent) => void} onEvent "sent" when nothing is left
 * @property {(action: () => Promise<boolean>) => Promise<boolean>} [alone] lets one window at a time act
 * @property {(action: () => void) => void} [rest] delays sending until the reader sees what comes next
 */

const NEVER = () => {};

/**
 * Refusals after which a correction can never be accepted: what it corrects is final, or another reading
 * replaced it.
 */
const TOO_LATE = new Set(["reading-final", "not-the-latest", "batch-closed"]);

export class Outbox {
  #isSending = false;
  #tries = 0;
  #cancelTimer = NEVER;
  /**
   * Saves in flight, by key of the entry that waits for them.
   *
   * @type {Map<string, Promise<Basis>>}
   */
  #pendingSaves = new Map();
  /**
   * By key: entries for which this device has no space; they are lost if the page is closed.
   *
   * @type {Map<string, OutboxEntry>}
   */
  #unkept = new Map();

  /** @param {OutboxDeps} deps */
  constructor(deps) {
    this.deps = deps;
  }

  /**
   * Unanswered readings, oldest first.
   *
   * @returns {OutboxEntry[]}
   */
  get entries() {
    const { store } = this.deps;
    /** @type {OutboxEntry[]} */
    const stored = store.names("outbox/").map((name) => store.read(name));
    const byKey = new Map(stored.filter(Boolean).map((entry) => [entry.key, entry]));
    for (const [key, entry] of this.#unkept) byKey.set(key, entry);
    return [...byKey.values()].sort((a, b) => a.at - b.at);
  }

  /** Would a reading be lost if the page were closed now? */
  get hasUnkept() {
    return this.#unkept.size > 0;
  }

  /**
   * Is a reading of this assignment on its way?
   *
   * @param {number | string} assignment
   */
  holds(assignment) {
    return this.entries.some((entry) => String(entry.assignment) === String(assignment));
  }

  /**
   * Take in a reading and send it.
   *
   * @param {number | string} assignment
   * @param {ReadingRequest} reading
   * @param {Pick<Draft, "basis" | "stopSaving">} draft the reading leaves after a save that is in flight,
   *   which would make its basis stale
   * @param {string} [code] of the exam, as the reader knows it
   * @param {string} [kind] "reading" or "revision"
   * @returns {boolean} false when this device could not keep it
   */
  add(assignment, reading, draft, code = "", kind = "reading") {
    const entry = {
      key: this.deps.newKey(),
      kind,
      assignment,
      code,
      reading,
      basis: draft.basis,
      at: this.deps.clock.now(),
    };
    this.#pendingSaves.set(entry.key, draft.stopSaving());
    const isKept = this.#keep(entry);
    if (this.deps.rest) this.deps.rest(() => this.drain());
    else this.drain();
    return isKept;
  }

  /**
   * Send everything that waits, one after the other.
   *
   * @returns {Promise<void>}
   */
  async drain() {
    if (this.#isSending) return;
    this.#isSending = true;
    this.#cancelTimer();
    let canContinue = false;
    try {
      canContinue = await this.#alone(() => this.#sendAll());
    } finally {
      this.#isSending = false; // even after a failure the next drain sends again
    }
    if (canContinue && this.entries.length > 0) return this.drain(); // something came in meanwhile
    if (canContinue) this.deps.onEvent({ type: "sent" });
    return undefined;
  }

  /**
   * Another window may be sending the same entries: take turns; what it sent is gone when our turn comes.
   *
   * @param {() => Promise<boolean>} action
   */
  #alone(action) {
    return this.deps.alone ? this.deps.alone(action) : action();
  }

  async #sendAll() {
    let canContinue = true;
    for (let [next] = this.entries; next && canContinue; [next] = this.entries)
      canContinue = await this.#send(next);
    return canContinue;
  }

  /**
   * Keep `entry` until it is answered: on the device, or for lack of space in memory.
   *
   * @param {OutboxEntry} entry
   */
  #keep(entry) {
    const isKept = this.deps.store.write(nameOf(entry), entry);
    if (isKept) this.#unkept.delete(entry.key);
    else this.#unkept.set(entry.key, entry);
    return isKept;
  }

  /** @param {OutboxEntry} entry */
  #drop(entry) {
    this.deps.store.remove(nameOf(entry));
    this.#unkept.delete(entry.key);
  }

  /**
   * Send one reading; false when the others should wait.
   *
   * @param {OutboxEntry} entry
   */
  async #send(entry) {
    const saved = await this.#pendingSaves.get(entry.key);
    this.#pendingSaves.delete(entry.key);
    const basis = saved ?? entry.basis;
    try {
      const answer = await this.#deliver({ ...entry, basis });
      this.#forgetWork(entry.assignment);
      this.#finish(entry, { type: "accepted", entry, answer });
    } catch (error) {
      return this.#fail(error, { ...entry, basis });
    }
    return true;
  }

  /**
   * @param {OutboxEntry} entry
   * @returns {Promise<AcceptedAnswer>}
   */
  #deliver({ kind, assignment, reading, key, basis }) {
    const { api } = this.deps;
    if (kind === "revision") return api.submitRevision(assignment, reading, key);
    return api.submitReading(assignment, { ...reading, based_on: basis.version }, key);
  }

  /**
   * The server has the reading: this device may forget the work that led to it.
   *
   * @param {number | string} assignment
   */
  #forgetWork(assignment) {
    const { store } = this.deps;
    for (const name of [
      `draft/${assignment}`,
      `saved/${assignment}`,
      `second/${assignment}`,
      ...store.names(`correction/${assignment}/`),
    ])
      store.remove(name);
  }

  /**
   * Useless now, and not for the next person at this computer.
   *
   * @param {OutboxEntry} entry
   */
  #forgetCorrection({ assignment, reading: { supersedes } }) {
    if (supersedes) this.deps.store.remove(`correction/${assignment}/${supersedes}`);
  }

  /**
   * Nothing entered is lost: opening the exam again shows it beside the draft that it conflicts with.
   *
   * @param {OutboxEntry} entry
   */
  #keepAsDraft({ assignment, basis, reading: { findings, not_assessable, quality, problems, comment } }) {
    const content = { findings, not_assessable, quality, problems, comment };
    this.deps.store.write(`draft/${assignment}`, { ...basis, content, isDirty: true });
  }

  /**
   * @param {OutboxEntry} entry
   * @param {OutboxEvent} event
   */
  #finish(entry, event) {
    this.#tries = 0;
    this.#drop(entry);
    this.deps.onEvent(event);
  }

  /**
   * @param {unknown} error
   * @param {OutboxEntry} entry
   */
  #fail(error, entry) {
    if (error instanceof Unreachable) return this.#wait("offline", entry);
    if (error instanceof SignedOut) return this.#wait("signed-out", entry);
    if (!(error instanceof Refused)) throw error;
    if (error.kind === "stale-draft" && isOurs(error.problem.draft, entry)) {
      this.#resendUnderNewKey(entry, error.problem.draft?.version ?? 0);
    } else {
      if (error.kind === "stale-draft" && !entry.reading.supersedes) this.#keepAsDraft(entry);
      if (TOO_LATE.has(error.kind)) this.#forgetCorrection(entry);
      this.#finish(entry, { type: "refused", entry, kind: error.kind, problem: error.problem });
    }
    return true;
  }

  /**
   * @param {"offline" | "signed-out"} why
   * @param {OutboxEntry} entry
   */
  #wait(why, entry) {
    this.#keep(entry);
    this.#tries += 1;
    this.#cancelTimer = this.deps.clock.after(backoffMs(this.#tries), () => this.drain());
    this.deps.onEvent({ type: "waiting", why, count: this.entries.length });
    return false;
  }

  /**
   * The refusal was final for this key, so the same reading goes out under a new one.
   *
   * @param {OutboxEntry} entry
   * @param {number} version
   */
  #resendUnderNewKey(entry, version) {
    this.#drop(entry);
    this.#keep({ ...entry, key: this.deps.newKey(), basis: { version, unanswered: [] } });
  }
}

/** @param {OutboxEntry} entry */
function nameOf(entry) {
  return `outbox/${entry.key}`;
}

/**
 * Is the server's draft no one else's: none at all, or one of ours whose answer was lost?
 *
 * @param {ServerDraft | undefined} theirs
 * @param {OutboxEntry} entry
 */
function isOurs(theirs, { reading, basis }) {
  return !theirs || [reading, ...basis.unanswered].some((sent) => same(sent, theirs.content));
}
