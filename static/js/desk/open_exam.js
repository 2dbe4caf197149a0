// One exam in the reader's hands: what they have entered, how it is kept, and how long they have been at it.

import { Draft } from "./storage/draft.js";
import * as history from "./state/history.js";
import * as labels from "./state/labels.js";
import { Stopwatch } from "./state/stopwatch.js";
import { Tally } from "./state/counter.js";

/** What the draft of a second reading is one of, in the place of a reading that is corrected. */
export const SECOND = "second";

export class Sitting {
  #history;
  #tally = new Tally();

  /**
   * @param {object} assignment as the server tells it
   * @param {{catalogue: object, shelf: object, api: object, clock: object, onDraft: (draft: Draft) => void,
   *   isCorrecting?: boolean, isRevising?: boolean}} world correcting what was submitted, or reading it a second time:
   *   kept on this device until it is submitted again
   */
  constructor(assignment, world) {
    this.assignment = assignment;
    this.world = world;
    this.isCorrecting = Boolean(world.isCorrecting);
    this.isRevising = Boolean(world.isRevising);
    this.stopwatch = new Stopwatch(world.clock.now());
    const isAgain = this.isCorrecting || this.isRevising;
    this.draft = isAgain ? this.#draftOfAnother() : this.#ordinaryDraft();
    this.adopt(
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

  /** `content` becomes what is entered, with nothing to take back. */
  adopt(content) {
    this.#history = history.begin(labels.restore(content, this.world.catalogue));
  }

  /** Change what is entered; false when that changes nothing. */
  change(edit) {
    return this.#go(history.step(this.#history, edit(this.content)));
  }

  undo() {
    return this.#go(history.undo(this.#history));
  }

  countTool(name) {
    this.#tally.count(name);
  }

  /** How the exam was read: times in ms, the display, and the tools used. */
  circumstances(display) {
    const now = this.world.clock.now();
    return {
      active_ms: this.stopwatch.activeMs(now),
      idle_ms: this.stopwatch.idleMs(now),
      display,
      tools: this.#tally.counts,
    };
  }

  #go(steps) {
    if (steps === this.#history) return false;
    this.#history = steps;
    this.draft.edit(steps.present);
    return true;
  }

  #ordinaryDraft() {
    const { draft } = this.assignment;
    const server = draft && { ...draft, content: labels.restore(draft.content, this.world.catalogue) };
    return this.#draft({ id: this.id, server, blank: labels.blank() }, this.world.api);
  }

  /** The server takes no drafts of what is submitted. */
  #draftOfAnother() {
    const { reading } = this.assignment;
    const of = this.isRevising ? SECOND : reading.id;
    return this.#draft(
      { id: this.id, server: null, blank: labels.restore(reading, this.world.catalogue), of },
      null,
    );
  }

  #draft(reading, api) {
    const { shelf, clock, onDraft } = this.world;
    return new Draft(reading, { shelf, api, clock, onChange: onDraft });
  }
}
