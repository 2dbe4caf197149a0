// The draft of one reading: kept on this device at every step, saved on the server a moment later.
//
// The server numbers the drafts it saves. A save says which number it is based on and is refused when
// another window or device saved in between; then the reader decides, and nothing is overwritten silently.

import { Refused, SignedOut, Unreachable } from "../../api.js";
import { backoffMs } from "../../clock.js";
import { same } from "../state/labels.js";

const PAUSE_MS = 700;

/** How far the draft has got; the page shows it in words. */
export const DraftState = Object.freeze({
  CLEAN: "clean",
  SAVING: "saving",
  SAVED: "saved",
  OFFLINE: "offline",
  SIGNED_OUT: "signed-out",
  ELSEWHERE: "changed-elsewhere",
  CLOSED: "closed",
  REFUSED: "refused",
  HERE: "kept-here",
});

const RESTING = new Set([DraftState.ELSEWHERE, DraftState.CLOSED, DraftState.REFUSED]);

export class Draft {
  state = DraftState.CLEAN;

  /** The other draft, while the reader has to choose. */
  other = null;

  /** Why the server will not take it, as its problem. */
  problem = null;

  /** False when even this device could not keep it. */
  isKept = true;

  #record;
  #cancelTimer = () => {};
  #inFlight = null;
  #tries = 0;
  #isSubmitted = false;

  /**
   * @param {{id: number|string, server: {version: number, content: object}|null, blank: object, of?: string}} reading
   *   `of` is the submitted reading that is being corrected
   * @param {{shelf: object, api: object|null, clock: object, onChange: (draft: Draft) => void}} world without an
   *   api, the draft is kept on this device only
   */
  constructor({ id, server, blank, of = null }, world) {
    this.id = id;
    this.of = of;
    this.world = world;
    const theirs = { version: server?.version ?? 0, content: server?.content ?? blank };
    const kept = world.shelf.read(this.#name);
    this.#record = { ...theirs, isDirty: false, unanswered: [] };
    if (server) this.state = DraftState.SAVED;
    if (kept?.isDirty) this.#takeUp(kept, theirs);
  }

  /**
   * Was the page with `assignment` made before the last save of this device had reached the server?
   *
   * A reload overtakes a save that is on its way; what the save was answered is known here only.
   */
  static isBehind(shelf, { id, draft }) {
    return (shelf.read(`saved/${id}`) ?? 0) > (draft?.version ?? 0);
  }

  get content() {
    return this.#record.content;
  }

  /** What a submission must say it is based on, and what the server may hold of ours without our knowing. */
  get basis() {
    return { version: this.#record.version, unanswered: this.#record.unanswered };
  }

  /** The reader changed something: keep it at once, save it when the reader pauses. */
  edit(content) {
    this.#record = { ...this.#record, content, isDirty: true };
    this.#keep();
    if (RESTING.has(this.state)) return;
    if (!this.world.api) return this.#move(DraftState.HERE);
    this.#move(DraftState.SAVING);
    this.#schedule(PAUSE_MS);
  }

  /** Is a correction of the reading `of` of assignment `id` kept on this device? */
  static isCorrecting(shelf, { id, of }) {
    return shelf.read(correctionName(id, of)) !== null;
  }

  /** Try again now: the network or the session has come back. */
  retry() {
    if (this.#record.isDirty && !RESTING.has(this.state)) this.#schedule(0);
  }

  /** Stop saving for good and wait for what is on its way; returns the basis for a submission. */
  async settle() {
    this.#isSubmitted = true; // when the network is back, only the reading goes out
    this.#cancelTimer();
    this.state = DraftState.CLEAN;
    await this.#inFlight?.catch(() => {}); // what went wrong there is no reason to hold the reading back
    return this.basis;
  }

  /** The reader chose between the two drafts: "mine" or "theirs". */
  resolve(choice) {
    const { version, content } = this.other;
    const isMine = choice === "mine";
    this.#record = { version, content: isMine ? this.content : content, isDirty: isMine, unanswered: [] };
    this.other = null;
    this.#keep();
    this.#move(isMine ? DraftState.SAVING : DraftState.SAVED);
    if (isMine) this.#schedule(0);
  }

  /** The reading was submitted: the device need not remember it. */
  forget() {
    this.#cancelTimer();
    this.world.shelf.remove(this.#name);
    this.world.shelf.remove(`saved/${this.id}`);
  }

  get #name() {
    return this.of ? correctionName(this.id, this.of) : `draft/${this.id}`;
  }

  /** Unsaved work of an earlier visit meets what the server has now. */
  #takeUp(kept, theirs) {
    const isOurs =
      kept.version === theirs.version || kept.unanswered.some((sent) => same(sent, theirs.content));
    this.#record = { ...kept, version: isOurs ? theirs.version : kept.version };
    if (isOurs || same(kept.content, theirs.content)) {
      this.#record.version = theirs.version;
      this.state = this.world.api ? DraftState.SAVING : DraftState.HERE;
      this.#schedule(0);
    } else {
      this.other = theirs;
      this.state = DraftState.ELSEWHERE;
    }
  }

  /** What the server has as well need not lie on a computer that others may use. */
  #keep() {
    if (this.#record.isDirty) this.isKept = this.world.shelf.write(this.#name, this.#record);
    else this.world.shelf.remove(this.#name);
  }

  #move(state) {
    this.state = state;
    this.world.onChange(this);
  }

  #schedule(ms) {
    this.#cancelTimer();
    if (this.#isSubmitted || !this.world.api) return;
    this.#cancelTimer = this.world.clock.after(ms, () => this.#save());
  }

  async #save() {
    if (this.#inFlight) return; // its end looks for newer work
    this.#inFlight = this.#send(this.content);
    try {
      await this.#inFlight;
    } finally {
      this.#inFlight = null; // whatever became of it, the next change is saved
    }
    const hasMore = this.#record.isDirty && this.state === DraftState.SAVING;
    if (hasMore) this.#schedule(PAUSE_MS);
  }

  async #send(content) {
    // Noted before it is sent: if the answer is lost, the server's draft is still known for our own.
    this.#record = { ...this.#record, unanswered: [...this.#record.unanswered, content].slice(-5) };
    this.#keep();
    try {
      const { version } = await this.world.api.saveDraft(this.id, {
        based_on: this.#record.version,
        content,
      });
      this.#accept(version, content);
    } catch (error) {
      this.#fail(error, content);
    }
  }

  #accept(version, content) {
    this.#tries = 0;
    const isDirty = this.content !== content;
    this.#record = { ...this.#record, version, isDirty, unanswered: [] };
    this.world.shelf.write(`saved/${this.id}`, version);
    this.#keep();
    this.#move(isDirty ? DraftState.SAVING : DraftState.SAVED);
  }

  #fail(error, content) {
    if (error instanceof Unreachable) this.#wait(DraftState.OFFLINE);
    else if (error instanceof SignedOut) this.#wait(DraftState.SIGNED_OUT);
    else if (!(error instanceof Refused)) throw error;
    else if (error.kind === "stale-draft") this.#meet(error.problem.draft, content);
    else {
      this.problem = error.problem;
      this.#move(error.status === 409 ? DraftState.CLOSED : DraftState.REFUSED);
    }
  }

  #wait(state) {
    this.#tries += 1;
    this.#move(state);
    this.#schedule(backoffMs(this.#tries));
  }

  /** The server has a draft we did not know of, ours when only its answer was lost, or none any more. */
  #meet(theirs, content) {
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

/** A correction belongs to the reading it corrects: once another stands, it is no correction any more. */
function correctionName(id, of) {
  return `correction/${id}/${of}`;
}
