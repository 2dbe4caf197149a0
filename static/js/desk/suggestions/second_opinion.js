// The model's suggestions for the open exam: the panel, the evidence on the sheet, the reader's decisions,
// and how long the suggestions were visible.

import { find } from "../../dom.js";
import { EvidenceLayer } from "./evidence_layer.js";
import { Mode, Revision } from "./revision.js";
import { Suggestions } from "./suggestions.js";
import { ViewingTime } from "./viewing_time.js";

/** @import { Clock } from "../../clock.js" */
/** @import { EcgViewer } from "../../ecg/viewer.js" */
/** @import { Words } from "../../texts.js" */
/** @import { ReadingForm } from "../form/form.js" */
/** @import { OpenExam } from "../open_exam.js" */
/** @import { Catalog } from "../state/catalog.js" */
/** @import { ReaderStore } from "../storage/reader_store.js" */
/** @import { Assignment, Content, Edit } from "../types.js" */

/**
 * @typedef {object} SecondOpinionDeps
 * @property {typeof import("../../api.js")} api
 * @property {Catalog} catalog
 * @property {Clock} clock
 * @property {ReadingForm} form
 * @property {ReaderStore} store
 * @property {() => number | null} tracing returns the position of the displayed tracing
 * @property {EcgViewer} viewer
 * @property {Words} words
 * @property {(id: number) => boolean} isBeingSent
 * @property {() => void} onSignedOut
 * @property {(assignment: Assignment) => void} onReopen
 * @property {(edit: Edit) => void} onChange
 * @property {(id: number) => void} onView called with the ID of the assignment whose suggestions are visible
 */

export class SecondOpinion {
  /**
   * @param {HTMLElement} root of the desk
   * @param {SecondOpinionDeps} deps
   */
  constructor(root, deps) {
    const { viewer, tracing } = deps;
    this.onView = deps.onView;
    this.evidence = new EvidenceLayer(viewer, { tracing });
    const { api, catalog, clock, form, store, words, onSignedOut } = deps;
    this.viewingTime = new ViewingTime({ api, clock, store, newKey: () => crypto.randomUUID() });
    this.revision = new Revision(root, {
      api,
      catalog,
      form,
      store,
      words,
      isBeingSent: deps.isBeingSent,
      onChange: deps.onChange,
      onDecide: () => this.suggestions.refresh(),
      onReopen: deps.onReopen,
      onSignedOut,
    });
    this.suggestions = new Suggestions(find(root, "[data-part=suggestions]"), {
      api,
      catalog,
      words,
      onSignedOut,
      decisions: () => this.revision.decisions,
      mayDecide: () => this.revision.mode !== Mode.NONE,
      isRevising: () => this.revision.isRevising,
      onDecide: (code, verdict) => this.revision.decide(code, verdict),
      onShow: (suggestion) => this.evidence.show(suggestion?.marks ?? null),
      onView: (id) => this.#view(id),
    });
    document.addEventListener("visibilitychange", () => this.viewingTime.setVisible(!document.hidden));
    window.addEventListener("pagehide", () => this.viewingTime.setVisible(false));
    window.addEventListener("online", () => this.viewingTime.send());
    this.viewingTime.send(); // send what was left from an earlier visit
  }

  /** @param {number | null} id */
  #view(id) {
    if (id === null) return this.viewingTime.end();
    this.viewingTime.begin(id, !document.hidden);
    return this.onView(id);
  }

  /**
   * Show the suggestions on `assignment`, or the button that shows them.
   *
   * @param {Assignment} assignment
   */
  show(assignment) {
    return this.suggestions.show(assignment);
  }

  /** Clear the panel and the evidence when the exam is submitted or left. */
  leave() {
    this.suggestions.leave();
  }

  /**
   * Return true if a second reading of `assignment` was started on this device and is not being sent.
   *
   * @param {Assignment} assignment
   */
  isBegun(assignment) {
    return this.revision.isBegun(assignment);
  }

  /**
   * Restore the decisions on another exam, or on another stage of the same one.
   *
   * @param {OpenExam} exam
   */
  setExam(exam) {
    this.revision.setExam(exam);
  }

  /**
   * Drop decisions that no longer fit the content.
   *
   * @param {Content} content
   */
  follow(content) {
    this.revision.follow(content);
  }

  /** Return true if nothing is missing for a submission. Otherwise ask the reader for it. */
  isReady() {
    return this.revision.isReady();
  }

  /** The fields of a submission that concern suggestions. */
  get submission() {
    return this.revision.submission;
  }
}
