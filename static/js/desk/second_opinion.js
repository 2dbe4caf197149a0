// What a model says of the exam on view, put together: the panel, its evidence on the sheet, what the reader makes of
// it, and for how long it was looked at.

import { EvidenceLayer } from "./evidence_layer.js";
import { Mode, Revision } from "./revision.js";
import { Suggestions } from "./suggestions.js";
import { Viewing } from "./viewing_time.js";

export class SecondOpinion {
  /**
   * @param {HTMLElement} root of the desk
   * @param {{api: object, clock: object, shelf: object, catalogue: object, words: Function, form: object, viewer: HTMLElement,
   *   tracing: () => number, isUnderWay: (id) => boolean, onSignedOut: () => void, onReopen: (assignment: object) => void,
   *   onChange: (edit: Function) => void, onView: (id) => void}} world `onView` is told whose suggestions are seen
   */
  constructor(root, world) {
    const { viewer, tracing } = world;
    this.world = world;
    this.evidence = new EvidenceLayer(viewer, { tracing });
    this.viewing = new Viewing({ ...world, newKey: () => crypto.randomUUID() });
    this.revision = new Revision(root, { ...world, onDecide: () => this.suggestions.refresh() });
    this.suggestions = new Suggestions(root.querySelector("[data-part=suggestions]"), {
      ...world,
      decisions: () => this.revision.decisions,
      mayDecide: () => this.revision.mode !== Mode.NONE,
      isRevising: () => this.revision.isRevising,
      onDecide: (code, verdict) => this.revision.decide(code, verdict),
      onShow: (suggestion) => this.evidence.show(suggestion?.marks ?? null),
      onView: (id) => this.#view(id),
    });
    document.addEventListener("visibilitychange", () => this.viewing.see(!document.hidden));
    window.addEventListener("pagehide", () => this.viewing.see(false));
    window.addEventListener("online", () => this.viewing.send());
    this.viewing.send(); // what an earlier visit could not send
  }

  #view(id) {
    if (id === null) return this.viewing.end();
    this.viewing.begin(id, !document.hidden);
    return this.world.onView(id);
  }

  /** Show what is said of `assignment`, or the button that shows it. */
  show(assignment) {
    return this.suggestions.show(assignment);
  }

  /** The exam is submitted: nothing of it is looked at any more. */
  leave() {
    this.suggestions.leave();
  }

  /** Was the second reading of `assignment` begun on this device? */
  isBegun(assignment) {
    return this.revision.isBegun(assignment);
  }

  /** Another exam, or another stage of it, is in the reader's hands. */
  seat(sitting) {
    this.revision.seat(sitting);
  }

  /** The reader has changed what they say. */
  follow(content) {
    this.revision.follow(content);
  }

  /** Is all said that a submission has to say? If not, the reader is asked. */
  isReady() {
    return this.revision.isReady();
  }

  /** What the submission says beside the content. */
  get said() {
    return this.revision.said;
  }
}
