// The reading desk: creates the parts of the page and connects them.

import * as api from "../api.js";
import { clock } from "../clock.js";
import { detailOf, embedded, find, partsOf, releaseFocus } from "../dom.js";
import { decode } from "../ecg/signal.js";
import "../ecg/viewer.js";
import { createTexts } from "../texts.js";
import { Tools } from "../tools/tools.js";
import { Conflict } from "./conflict.js";
import { Correction } from "./correction.js";
import { Flow } from "./flow.js";
import { ReadingForm } from "./form/form.js";
import { Help } from "./keyboard/help.js";
import { bindHotkeys } from "./keyboard/hotkeys.js";
import { Keys } from "./keyboard/keys.js";
import { Messages } from "./messages.js";
import { OpenExam } from "./open_exam.js";
import { SheetBar } from "./sheet/sheet_bar.js";
import { Catalog } from "./state/catalog.js";
import { editsFor } from "./state/edits.js";
import * as labels from "./state/labels.js";
import { pace, withSubmission } from "./state/pace.js";
import { openOutbox, openStore, recover } from "./storage/device.js";
import { Draft, DraftState } from "./storage/draft.js";
import { Queue } from "./storage/queue.js";
import { SubmitActions } from "./submit_actions.js";
import { SecondOpinion } from "./suggestions/second_opinion.js";
import { TakeBack } from "./take_back.js";

/** @import { EcgViewer } from "../ecg/viewer.js" */
/** @import { Intents } from "./form/form.js" */
/** @import { Tracing } from "./state/tracings.js" */
/** @import { LastSubmission } from "./take_back.js" */
/** @import { Assignment, Content, Edit, OutboxEvent, ReadingRequest } from "./types.js" */

class Desk {
  /** @type {OpenExam | null} */
  #openExam = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    const language = document.documentElement.lang;
    const words = createTexts(embedded("texts"));
    const catalog = new Catalog(embedded("classes"), language);
    const reader = root.dataset.reader ?? "";
    const store = openStore(reader);
    const queue = new Queue({ loadAssignment: api.loadAssignment, loadTracing: api.loadTracing, decode });
    const viewer = /** @type {EcgViewer} */ (find(root, "ecg-viewer"));
    const messages = new Messages(root, { words });
    const part = partsOf(root);
    const tracing = () => this.#tracing;

    viewer.words = {
      missing: words("lead-not-recorded"),
      flat: words("lead-flat"),
      derived: words("lead-derived"),
    };
    const form = new ReadingForm(find(root, "form", HTMLFormElement), {
      catalog,
      words,
      intents: this.#intents(catalog),
    });
    form.disable(true); // until an exam is open
    this.bar = new SheetBar(root, viewer, {
      store,
      words,
      language,
      onTracing: (chosen) => this.#showTracing(chosen),
    });
    this.tools = new Tools(root, viewer, { words, nameOf: (code) => catalog.name(code), tracing });
    this.help = new Help(part("help-dialog", HTMLDialogElement), {
      desk: root,
      keys: new Keys(root, store),
      store,
      words,
    });
    this.conflict = new Conflict(part("conflict-dialog", HTMLDialogElement), {
      catalog,
      words,
      onResolve: (draft) => this.#adopt(draft.content),
    });
    this.correction = new Correction(root, { store, words });
    this.takeBack = new TakeBack(root, {
      clock,
      words,
      language,
      onTakeBack: (last) => this.#takeBack(last),
    });
    this.opinion = new SecondOpinion(root, {
      api,
      catalog,
      clock,
      form,
      store,
      tracing,
      viewer,
      words,
      isBeingSent: (id) => this.outbox.holds(id),
      onSignedOut: () => messages.signIn(),
      onReopen: (assignment) => this.#open(assignment),
      onChange: (edit) => this.#change(edit),
      onView: (id) => this.#handleViewed(id),
    });
    this.outbox = openOutbox(store, reader, (event) => this.#handleOutboxEvent(event));
    this.flow = new Flow({
      clock,
      form,
      messages,
      outbox: this.outbox,
      queue,
      viewer,
      words,
      onArrive: (assignment) => this.#arrive(assignment),
    });
    this.submitActions = new SubmitActions({
      api,
      catalog,
      clock,
      flow: this.flow,
      form,
      messages,
      opinion: this.opinion,
      outbox: this.outbox,
      queue,
      words,
      display: () => this.#display(),
      openExam: () => this.#current,
      onSubmit: (exam, reading) => this.#recordPace(exam, reading),
    });
    this.root = root;
    this.words = words;
    this.catalog = catalog;
    this.store = store;
    this.queue = queue;
    this.viewer = viewer;
    this.messages = messages;
    this.form = form;
    this.#listen();
  }

  /** The open exam; there is always one once the desk has started. */
  get #current() {
    if (this.#openExam === null) throw new Error("no exam is open yet");
    return this.#openExam;
  }

  #listen() {
    const retry = () => {
      this.#openExam?.draft.retry();
      this.outbox.drain();
    };
    find(this.root, "[data-part=help]").addEventListener("click", () => this.help.open());
    bindHotkeys(document, {
      singleKeys: () => this.help.singleKeys,
      scope: () => document.querySelector("dialog[open]") ?? this.root,
    });
    window.addEventListener("online", retry);
    window.addEventListener("popstate", () => this.#handleNavigation(window.location.pathname));
    window.addEventListener("storage", () => this.#checkOtherWindow());
    for (const activity of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      document.addEventListener(activity, () => this.#openExam?.stopwatch.mark(clock.now()), {
        passive: true,
      });
    }
    document.addEventListener("keydown", (event) => this.#handleEscape(event));
    document.addEventListener("visibilitychange", () =>
      this.#openExam?.stopwatch.setVisible(!document.hidden, clock.now()),
    );
    document.addEventListener("tool", (event) => this.#countTool(detailOf(event)));
    this.viewer.addEventListener("localization", (event) => this.#attach(labels.localize, detailOf(event)));
    this.viewer.addEventListener("measurement", (event) => this.#attach(labels.measure, detailOf(event)));
  }

  /**
   * Let Escape cancel a pending confirmation before it closes a tool.
   *
   * @param {KeyboardEvent} event
   */
  #handleEscape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (this.submitActions.cancel()) event.preventDefault();
  }

  /**
   * Open the assignment that is embedded in the page.
   *
   * @param {Assignment} assignment
   * @param {LastSubmission | null} last the last submission, if it can still be taken back
   */
  async start(assignment, last) {
    await recover(this.store, this.root.dataset.reader ?? "");
    // Submissions from an earlier visit may still be in the outbox.
    for (const entry of this.outbox.entries) this.queue.finish(entry.assignment);
    this.queue.keep(assignment);
    await this.flow.fetchSheet(assignment);
    // If the last submission is this exam, its read-only form offers to take it back.
    if (last && last.id !== assignment.id) this.#offerLast(last);
    this.#open(await this.#upToDate(assignment));
    this.outbox.drain();
  }

  /**
   * Show the link to the last submission and the button to take it back, also after a reload.
   *
   * @param {LastSubmission} last
   */
  #offerLast(last) {
    this.messages.showLast(last);
    if (!this.outbox.holds(last.id)) this.takeBack.offer(last); // unless its correction is being sent
  }

  /**
   * Load the assignment again if the page was rendered before the last save of its draft arrived. Without a
   * network, use the assignment from the page.
   *
   * @param {Assignment} assignment
   */
  async #upToDate(assignment) {
    if (assignment.state === "submitted" || !Draft.isBehind(this.store, assignment)) return assignment;
    try {
      return await this.queue.refresh(assignment.id);
    } catch (error) {
      if (error instanceof api.Unreachable) return assignment;
      throw error;
    }
  }

  /**
   * Reload the page when Back or Forward leads to another exam.
   *
   * @param {string} pathname
   */
  #handleNavigation(pathname) {
    if (pathname !== `/read/${this.#openExam?.id}/`) window.location.reload();
  }

  /**
   * Handlers for the form's controls.
   *
   * @param {Catalog} catalog
   * @returns {Intents}
   */
  #intents(catalog) {
    const edits = editsFor(catalog);
    return {
      toggle: (code) => this.#change(edits.toggle(code)),
      notAssessable: (code) => this.#change(edits.notAssessable(code)),
      remove: (code) => this.#change(edits.remove(code)),
      certainty: (code, certainty) => this.#change(edits.certainty(code, certainty)),
      drop: (code, kind, index) => this.#change(edits.drop(code, kind, index)),
      quality: (quality) => this.#change(edits.quality(quality)),
      problem: (kind) => this.#change(edits.problem(kind)),
      problemLead: (kind, lead) => this.#change(edits.problemLead(kind, lead)),
      comment: (text) => this.#change(edits.comment(text)),
      undo: () => this.#current.undo() && this.#handleChange(),
      submit: () => this.submitActions.submit(),
      abstain: () => this.submitActions.abstain(),
      defer: () => this.submitActions.defer(),
      cancel: () => this.submitActions.cancel(),
      discardCorrection: () => this.#discardCorrection(),
    };
  }

  /** @param {{name: string}} tool */
  #countTool({ name }) {
    this.#openExam?.countTool(name);
  }

  /** @param {Tracing} tracing */
  #showTracing(tracing) {
    if (tracing.daysBefore !== null) this.#openExam?.countTool("prior_exam");
    this.flow.showTracing(tracing);
  }

  /** The position of the displayed tracing in this exam; null while the previous exam is displayed. */
  get #tracing() {
    const { shown } = this.bar.tabs;
    return shown?.daysBefore === null ? shown.position : null;
  }

  /**
   * Attach evidence from the sheet to the selected finding.
   *
   * @template Piece
   * @param {(content: Content, code: string, piece: Piece) => Content} attach
   * @param {Piece} piece
   */
  #attach(attach, piece) {
    if (this.#tracing === null) {
      return this.form.say(this.words("no-evidence-on-previous-exam"), { isAsking: true });
    }
    const { selected } = this.form;
    if (selected === null || !labels.holds(this.#current.content, selected)) {
      return this.form.say(this.words("no-finding-selected"), { isAsking: true });
    }
    this.#change((content) => attach(content, selected, piece));
    return this.form.say(this.words("evidence-attached", { name: this.catalog.name(selected) }));
  }

  /** @param {Edit} edit */
  #change(edit) {
    if (!this.#isReadOnly() && this.#current.change(edit)) this.#handleChange();
  }

  #handleChange() {
    this.submitActions.clear();
    this.form.say("");
    this.#render();
  }

  #render() {
    const { content, canUndo, draft } = this.#current;
    this.form.show(content, { canUndo });
    this.messages.showDraft(draft);
    this.tools.mark(content.findings);
    this.opinion.follow(content);
  }

  /**
   * Make `assignment` the open exam. Its sheet is already displayed.
   *
   * @param {Assignment} assignment
   */
  #open(assignment) {
    const isTooLate = this.correction.isTooLate(assignment);
    const exam = new OpenExam(assignment, {
      api,
      catalog: this.catalog,
      clock,
      store: this.store,
      onDraft: (draft) => this.#handleDraft(draft),
      isCorrecting: this.correction.begins(assignment),
      isRevising: this.opinion.isBegun(assignment),
    });
    this.#openExam = exam;
    this.opinion.setExam(exam);
    if (this.#isSubmitted()) exam.draft.stopSaving();
    this.form.reset();
    this.form.offer(assignment.study.frequent_classes);
    this.bar.showExam(assignment.exam);
    this.messages.showPlace(assignment);
    this.submitActions.clear();
    this.#render();
    this.#handleDraft(exam.draft);
    this.#updateReadOnly();
    if (isTooLate) this.form.say(this.words("retract-too-late"), { link: this.flow.nextLink(assignment) });
    this.messages.showPace(pace(this.store.read("pace"), clock.now(), new Date().getHours()));
    this.#showSuggestions(assignment);
    this.flow.setCurrent(assignment);
  }

  /**
   * During a correction, hide suggestions unless the study arm shows them while reading: seeing them would
   * make the reading final.
   *
   * @param {Assignment} assignment
   */
  #showSuggestions(assignment) {
    const isHidden = this.#current.isCorrecting && !assignment.is_shown_suggestions;
    if (isHidden)
      this.opinion.leave(); // suggestions of another exam may still be visible
    else this.opinion.show(assignment);
  }

  /**
   * Stop offering to take back assignment `id`: suggestions seen after submitting make the reading final,
   * unless the study arm showed them while reading.
   *
   * @param {number} id
   */
  #handleViewed(id) {
    if (this.#current.assignment.is_shown_suggestions || this.takeBack.until(id) === null) return;
    this.takeBack.withdraw(id);
    if (String(this.#current.id) === String(id) && this.#isReadOnly()) this.#explainReadOnly();
  }

  /**
   * Replace the content of the form and clear the undo history.
   *
   * @param {Content} content
   */
  #adopt(content) {
    this.#current.adopt(content);
    this.submitActions.clear();
    this.#render();
  }

  /**
   * True if the exam has been submitted, even if the submission is still in the outbox. During a correction
   * or a second reading, true while that is in the outbox.
   */
  #isSubmitted() {
    const { id, assignment, isCorrecting, isRevising } = this.#current;
    if (isCorrecting || isRevising) return this.outbox.holds(id);
    return assignment.state === "submitted" || this.queue.isDone(id) || this.outbox.holds(id);
  }

  #isReadOnly() {
    return this.#isSubmitted() || !this.#current.assignment.batch.is_open;
  }

  #updateReadOnly() {
    const { assignment, isCorrecting } = this.#current;
    const isReadOnly = this.#isReadOnly();
    this.form.disable(isReadOnly);
    this.root.classList.toggle("is-submitted", this.#isSubmitted());
    this.root.classList.toggle("is-correcting", isCorrecting);
    this.correction.show(this.#current);
    if (isCorrecting) this.takeBack.withdraw(assignment.id); // it is already being corrected
    if (!isReadOnly) return;
    const { id, exam, reading, undo_until: until } = assignment;
    if (reading && until) this.takeBack.offer({ id, code: exam.code, until });
    this.#explainReadOnly();
  }

  /** Explain why the form is read-only and until when the submission can be taken back. */
  #explainReadOnly() {
    const { assignment } = this.#current;
    const time = this.takeBack.until(assignment.id);
    const isAbstention = assignment.reading?.outcome === "abstained";
    const submitted = isAbstention ? "abstained-already" : time ? "submitted-until" : "submitted-already";
    const why = this.#isSubmitted() ? submitted : "batch-closed";
    this.form.say(this.words(why, { time }), { link: this.flow.nextLink(assignment) });
  }

  /** Keep the submission as it is and delete the draft of its correction. */
  #discardCorrection() {
    const { assignment } = this.#current;
    this.correction.forget(this.#current);
    this.queue.finish(assignment.id);
    this.#open(assignment);
  }

  /**
   * Take back the last submission: open it again so that it can be edited and resubmitted.
   *
   * @param {{id: number | string}} last
   */
  #takeBack({ id }) {
    this.correction.want(id);
    this.queue.forget(id);
    if (this.messages.isFinished) this.messages.resume();
    return this.flow.goWhenLoaded(id);
  }

  /** Lock the form when another window of this browser has submitted the open exam. */
  #checkOtherWindow() {
    const exam = this.#openExam;
    if (!exam || exam.isCorrecting || this.queue.isDone(exam.id) || !this.outbox.holds(exam.id)) return;
    this.queue.finish(exam.id);
    exam.draft.stopSaving();
    this.#updateReadOnly();
    this.form.say(this.words("submitted-elsewhere"), { link: this.flow.nextLink(exam.assignment) });
  }

  /** @param {Draft} draft */
  #handleDraft(draft) {
    if (draft !== this.#openExam?.draft) return; // a late response to a save of an earlier exam's draft
    this.messages.showDraft(draft);
    if (draft.state === DraftState.ELSEWHERE) this.conflict.ask(draft);
    if (draft.state === DraftState.CLOSED) this.form.disable(true);
    if (draft.problem) this.form.say(draft.problem.detail || draft.problem.title || "");
  }

  #display() {
    return {
      ...this.viewer.display,
      devicePixelRatio: window.devicePixelRatio,
      viewport: [window.innerWidth, window.innerHeight],
    };
  }

  /**
   * Open the exam immediately, so that the next key press goes to it even if its frame is painted late.
   *
   * @param {Assignment} assignment
   */
  #arrive(assignment) {
    releaseFocus(this.root); // otherwise a focused field would take keyboard shortcuts as text
    const before = document.activeElement;
    this.#open(assignment);
    // Do this in the frame that shows the exam. Moving focus earlier would cause another layout.
    requestAnimationFrame(() => {
      if (document.activeElement !== before) return; // the reader has already moved the focus
      find(this.root, "[data-part=code]").focus({ preventScroll: true });
    });
  }

  /**
   * @param {OpenExam} exam
   * @param {ReadingRequest} reading
   */
  #recordPace({ id }, { active_ms: activeMs, outcome }) {
    const submission = { id, at: clock.now(), activeMs, outcome };
    this.store.write("pace", withSubmission(this.store.read("pace"), submission));
  }

  /** @param {OutboxEvent} event */
  #handleOutboxEvent(event) {
    this.messages.showOutbox(event);
    if (event.type === "refused") this.flow.handleRefused();
    if (event.type === "accepted") {
      const { entry, answer } = event;
      const { assignment: id, code } = entry;
      if (entry.kind !== "revision") this.takeBack.offer({ id, code, until: answer.undo_until ?? null });
      this.flow.handleAccepted(answer);
    }
    if (event.type === "sent") this.flow.handleSent();
  }
}

const desk = new Desk(find(document, "#desk"));
await desk.start(embedded("assignment"), embedded("last"));
