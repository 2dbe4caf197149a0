// The model's suggestions on the exam on view: the panel, its evidence on the sheet, the reader's decisions,
// and how long the suggestions were on view.

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
/** @import { Catalogue } from "../state/catalogue.js" */
/** @import { ReaderStore } from "../storage/reader_store.js" */
/** @import { Assignment, Content, Edit } from "../types.js" */

/**
 * @typedef {object} SecondOpinionDeps
 * @property {typeof import("../../api.js")} api
 * @property {Catalogue} catalogue
 * @property {Clock} clock
 * @property {ReadingForm} form
 * @property {ReaderStore} store
 * @property {() => number | null} tracing position of the tracing on view
 * @property {EcgViewer} viewer
 * @property {Words} words
 * @property {(id: number) => boolean} isBeingSent
 * @property {() => void} onSignedOut
 * @property {(assignment: Assignment) => void} onReopen
 * @property {(edit: Edit) => void} onChange
 * @property {(id: number) => void} onView called with the assignment whose suggestions are on view
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
    const { api, catalogue, clock, form, store, words, onSignedOut } = deps;
    this.viewingTime = new ViewingTime({ api, clock, store, newKey: () => crypto.randomUUID() });
    this.revision = new Revision(root, {
      api,
      catalogue,
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
      catalogue,
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
    this.viewingTime.send(); // left over from an earlier visit
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

  /** The exam was submitted or left: nothing of it stays on view. */
  leave() {
    this.suggestions.leave();
  }

  /**
   * Was a second reading of `assignment` started on this device?
   *
   * @param {Assignment} assignment
   */
  isBegun(assignment) {
    return this.revision.isBegun(assignment);
  }

  /**
   * Another exam, or another stage of it, is open.
   *
   * @param {OpenExam} exam
   */
  setExam(exam) {
    this.revision.setExam(exam);
  }

  /**
   * The reader changed the content.
   *
   * @param {Content} content
   */
  follow(content) {
    this.revision.follow(content);
  }

  /** Is everything there that a submission needs? If not, the reader is asked. */
  isReady() {
    return this.revision.isReady();
  }

  /** The part of a submission that concerns suggestions. */
  get submission() {
    return this.revision.submission;
  }
}
