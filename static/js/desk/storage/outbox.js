// Submissions on their way to the server. Each stays on this device until the server has accepted or refused
// it.
//
// Each reading has its own key, so sending it twice (after a lost response, from two windows, after a
// reload) creates only one reading.

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
 * @property {(event: OutboxEvent) => void} onEvent gets "sent" when the outbox is empty
 * @property {(action: () => Promise<boolean>) => Promise<boolean>} [alone] runs the action in one window at
 *   a time
 * @property {(action: () => void) => void} [rest] delays sending until the next exam is painted
 */

const NEVER = () => {};

const MAX_BACKUP_MS = 1000;

/**
 * Refusals after which a correction can never be accepted, because the corrected reading is final or was
 * replaced.
 */
const TOO_LATE = new Set(["reading-final", "not-the-latest", "batch-closed"]);

export class Outbox {
  #isSending = false;
  #tries = 0;
  #cancelTimer = NEVER;
  /**
   * Draft saves in progress, by the key of the entry that waits for them.
   *
   * @type {Map<string, Promise<Basis>>}
   */
  #pendingSaves = new Map();
  /**
   * Entries that this device has no space for, by key. They are lost if the page is closed.
   *
   * @type {Map<string, OutboxEntry>}
   */
  #unkept = new Map();

  /** @param {OutboxDeps} deps */
  constructor(deps) {
    this.deps = deps;
  }

  /**
   * Entries that the server has neither accepted nor refused, oldest first.
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

  /** True if closing the page now would lose a submission. */
  get hasUnkept() {
    return this.#unkept.size > 0;
  }

  /**
   * Return true if the outbox has a submission for this assignment.
   *
   * @param {number | string} assignment
   */
  holds(assignment) {
    return this.entries.some((entry) => String(entry.assignment) === String(assignment));
  }

  /**
   * Add a submission and start sending.
   *
   * @param {number | string} assignment
   * @param {ReadingRequest} reading
   * @param {Pick<Draft, "basis" | "stopSaving">} draft the submission waits for a save in progress, which
   *   would make its basis stale
   * @param {string} [code] of the exam
   * @param {string} [kind] "reading" or "revision"
   * @returns {boolean} false if this device could not store it
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
   * Send all entries in the outbox, one at a time.
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
      this.#isSending = false; // so that the next drain sends again even after a failure
    }
    if (canContinue && this.entries.length > 0) return this.drain(); // entries were added meanwhile
    if (canContinue) this.deps.onEvent({ type: "sent" });
    return undefined;
  }

  /**
   * Run `action` in one window at a time. Entries that another window has sent are gone by then.
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
   * Keep `entry` until the server responds: on the device or, if there is no space, in memory.
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
   * Send one entry. Resolves to false if the others should wait.
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
   * Delete the drafts and decisions that led to a reading that the server now has.
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
   * Delete the draft of a correction that can never be accepted, because others may use this computer.
   *
   * @param {OutboxEntry} entry
   */
  #forgetCorrection({ assignment, reading: { supersedes } }) {
    if (supersedes) this.deps.store.remove(`correction/${assignment}/${supersedes}`);
  }

  /**
   * Turn a refused reading into a draft. When the exam is opened again, the reader can choose between it and
   * the draft it conflicts with.
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
   * Schedule another try. Then wait for the backup copies, within limits, and report the number
   * of waiting entries.
   *
   * @param {"offline" | "signed-out"} why
   * @param {OutboxEntry} entry
   */
  async #wait(why, entry) {
    this.#keep(entry);
    const count = this.entries.length;
    await this.#backedUp();
    this.#tries += 1;
    this.#cancelTimer = this.deps.clock.after(backoffMs(this.#tries), () => this.drain());
    this.deps.onEvent({ type: "waiting", why, count });
    return false;
  }

  /** Wait for the backup copies of the entries, but not so long that a slow backup delays sending. */
  #backedUp() {
    /** @type {Promise<void>} */
    const enough = new Promise((resolve) => {
      this.deps.clock.after(MAX_BACKUP_MS, resolve);
    });
    return Promise.race([this.deps.store.backedUp(), enough]);
  }

  /**
   * Send the reading again under a new key, because the refusal is final for the old one.
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
 * Return true if the server has no draft, or one that equals this reading or a save whose response this
 * device did not receive.
 *
 * @param {ServerDraft | undefined} theirs
 * @param {OutboxEntry} entry
 */
function isOurs(theirs, { reading, basis }) {
  return !theirs || [reading, ...basis.unanswered].some((sent) => same(sent, theirs.content));
}
