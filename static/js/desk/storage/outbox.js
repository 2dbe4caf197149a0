// Readings on their way to the server. A reading stays here, on this device, until the server has answered.
//
// Every reading carries a key of its own, so that sending it twice makes one reading: after a lost answer,
// from two windows, or after a reload.

import { Refused, SignedOut, Unreachable } from "../../api.js";
import { backoffMs } from "../../clock.js";
import { same } from "../state/labels.js";

const NEVER = () => {};

/** Refusals after which a correction can never be taken any more: what it corrects stands, or another does. */
const TOO_LATE = new Set(["reading-final", "not-the-latest", "batch-closed"]);

export class Outbox {
  #isSending = false;
  #tries = 0;
  #cancelTimer = NEVER;
  #settling = new Map();
  #unkept = new Map(); // by key: what this device has no room for, and what is lost if the page is closed

  /**
   * @param {{shelf: object, api: object, clock: object, newKey: () => string, onEvent: (event: object) => void,
   *   alone?: (action: () => Promise) => Promise, rest?: (action: () => void) => void}} world
   *   `alone` lets one window at a time act; `rest` waits with sending until the reader sees what comes next
   *   Events: `{type: "accepted", entry, answer}`, `{type: "refused", entry, kind, problem}`,
   *   `{type: "waiting", why: "offline" | "signed-out", count}`, `{type: "sent"}` when nothing is left.
   */
  constructor(world) {
    this.world = world;
  }

  /** The readings not yet answered, oldest first. */
  get entries() {
    const read = (name) => this.world.shelf.read(name);
    const kept = this.world.shelf.names("outbox/").map(read).filter(Boolean);
    const byKey = new Map([...kept.map((entry) => [entry.key, entry]), ...this.#unkept]);
    return [...byKey.values()].sort((a, b) => a.at - b.at);
  }

  /** Would a reading be lost if the page were closed now? */
  get hasUnkept() {
    return this.#unkept.size > 0;
  }

  /** Is a reading of this assignment on its way? */
  holds(assignment) {
    return this.entries.some((entry) => String(entry.assignment) === String(assignment));
  }

  /**
   * Take a reading in and send it.
   *
   * @param {number|string} assignment
   * @param {object} reading the body of the request without `based_on`
   * @param {object} draft its Draft: a save that is still on its way would make the reading's basis stale,
   *   so the reading leaves after it
   * @param {string} code of the exam, as the reader knows it
   * @param {string} kind "reading", or "revision" of one
   * @returns {boolean} false when this device could not keep it
   */
  add(assignment, reading, draft, code = "", kind = "reading") {
    const entry = {
      key: this.world.newKey(),
      kind,
      assignment,
      code,
      reading,
      basis: draft.basis,
      at: this.world.clock.now(),
    };
    this.#settling.set(entry.key, draft.settle());
    const isKept = this.#keep(entry);
    if (this.world.rest) this.world.rest(() => this.drain());
    else this.drain();
    return isKept;
  }

  /** Send all that waits, one after the other. */
  async drain() {
    if (this.#isSending) return;
    this.#isSending = true;
    this.#cancelTimer();
    let isGoingOn = false;
    try {
      isGoingOn = await this.#alone(() => this.#sendAll());
    } finally {
      this.#isSending = false; // whatever went wrong, the next drain sends again
    }
    if (isGoingOn && this.entries.length > 0) return this.drain(); // something came while the last answer did
    if (isGoingOn) this.world.onEvent({ type: "sent" });
    return undefined;
  }

  /** Another window may be sending the same: one after the other, what is sent is gone when our turn comes. */
  #alone(action) {
    return this.world.alone ? this.world.alone(action) : action();
  }

  async #sendAll() {
    let isGoingOn = true;
    for (let [next] = this.entries; next && isGoingOn; [next] = this.entries)
      isGoingOn = await this.#send(next);
    return isGoingOn;
  }

  /** Keep `entry` until it is answered: on the device, or for want of room as long as the page is open. */
  #keep(entry) {
    const isKept = this.world.shelf.write(nameOf(entry), entry);
    if (isKept) this.#unkept.delete(entry.key);
    else this.#unkept.set(entry.key, entry);
    return isKept;
  }

  #drop(entry) {
    this.world.shelf.remove(nameOf(entry));
    this.#unkept.delete(entry.key);
  }

  /** Send one reading; false when the others had better wait. */
  async #send(entry) {
    const settled = await this.#settling.get(entry.key);
    this.#settling.delete(entry.key);
    const basis = settled ?? entry.basis;
    try {
      const answer = await this.#deliver({ ...entry, basis });
      this.#forgetWork(entry.assignment);
      this.#finish(entry, { type: "accepted", entry, answer });
    } catch (error) {
      return this.#fail(error, { ...entry, basis });
    }
    return true;
  }

  #deliver({ kind, assignment, reading, key, basis }) {
    const { api } = this.world;
    if (kind === "revision") return api.submitRevision(assignment, reading, key);
    return api.submitReading(assignment, { ...reading, based_on: basis.version }, key);
  }

  /** The server has the reading: the device may forget what led to it. */
  #forgetWork(assignment) {
    const { shelf } = this.world;
    for (const name of [
      `draft/${assignment}`,
      `saved/${assignment}`,
      `second/${assignment}`,
      ...shelf.names(`correction/${assignment}/`),
    ])
      shelf.remove(name);
  }

  /** Of no use to anybody, and not for whoever sits at this computer next. */
  #forgetCorrection({ assignment, reading: { supersedes } }) {
    if (supersedes) this.world.shelf.remove(`correction/${assignment}/${supersedes}`);
  }

  /** Nothing entered is lost: whoever opens the exam again finds it, beside the draft that it met. */
  #keepAsDraft({ assignment, basis, reading: { findings, not_assessable, quality, problems, comment } }) {
    const content = { findings, not_assessable, quality, problems, comment };
    this.world.shelf.write(`draft/${assignment}`, { ...basis, content, isDirty: true });
  }

  #finish(entry, event) {
    this.#tries = 0;
    this.#drop(entry);
    this.world.onEvent(event);
  }

  #fail(error, entry) {
    if (error instanceof Unreachable) return this.#wait("offline", entry);
    if (error instanceof SignedOut) return this.#wait("signed-out", entry);
    if (!(error instanceof Refused)) throw error;
    if (error.kind === "stale-draft" && isOurs(error.problem.draft, entry)) {
      this.#readdress(entry, error.problem.draft?.version ?? 0);
    } else {
      if (error.kind === "stale-draft" && !entry.reading.supersedes) this.#keepAsDraft(entry);
      if (TOO_LATE.has(error.kind)) this.#forgetCorrection(entry);
      this.#finish(entry, { type: "refused", entry, kind: error.kind, problem: error.problem });
    }
    return true;
  }

  #wait(why, entry) {
    this.#keep(entry);
    this.#tries += 1;
    this.#cancelTimer = this.world.clock.after(backoffMs(this.#tries), () => this.drain());
    this.world.onEvent({ type: "waiting", why, count: this.entries.length });
    return false;
  }

  /** The refusal was final for this key, so the same reading goes out under a new one. */
  #readdress(entry, version) {
    this.#drop(entry);
    this.#keep({ ...entry, key: this.world.newKey(), basis: { version, unanswered: [] } });
  }
}

function nameOf(entry) {
  return `outbox/${entry.key}`;
}

/** Does nobody else's draft stand in the way: none at all, or one of ours whose answer was lost? */
function isOurs(theirs, { reading, basis }) {
  return !theirs || [reading, ...basis.unanswered].some((sent) => same(sent, theirs.content));
}
