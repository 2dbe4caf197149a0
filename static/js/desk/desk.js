// The reading desk, wired together. What each part does stands in the part.

import * as api from "../api.js";
import { Catalogue } from "./state/catalogue.js";
import { clock } from "../clock.js";
import { Conflict } from "./conflict.js";
import { Correction } from "./correction.js";
import { Flow } from "./flow.js";
import { ReadingForm } from "./form.js";
import { Help } from "./help.js";
import { Keys } from "./keys.js";
import { Leaving } from "./submit_actions.js";
import { Messages } from "./messages.js";
import { Retraction } from "./retraction.js";
import { SheetBar } from "./sheet_bar.js";
import { SecondOpinion } from "./second_opinion.js";
import { Sitting } from "./open_exam.js";
import { openOutbox, openShelf, recover } from "./storage/device.js";
import { embedded, letGo, partsOf } from "../dom.js";
import { Draft, DraftState } from "./storage/draft.js";
import { decode } from "../ecg/signal.js";
import "../ecg/viewer.js";
import { editsFor } from "./state/edits.js";
import { bindHotkeys } from "./hotkeys.js";
import * as labels from "./state/labels.js";
import { pace, withSubmission } from "./state/pace.js";
import { Queue } from "./storage/queue.js";
import { createTexts } from "../texts.js";
import { Tools } from "../tools/tools.js";

class Desk {
  #sitting = null;

  constructor(root) {
    this.root = root;
    this.words = createTexts(embedded("texts"));
    this.catalogue = new Catalogue(embedded("classes"), document.documentElement.lang);
    this.shelf = openShelf(root.dataset.reader);
    this.queue = new Queue({ ...api, decode });
    this.viewer = root.querySelector("ecg-viewer");
    this.messages = new Messages(root, { words: this.words });
    this.#furnish();
    this.outbox = openOutbox(this.shelf, root.dataset.reader, (event) => this.#hear(event));
    this.flow = new Flow({ ...this, clock, onArrive: (assignment) => this.#arrive(assignment) });
    this.leaving = new Leaving({
      ...this,
      api,
      clock,
      display: () => this.#display(),
      sitting: () => this.#sitting,
      onSubmit: (...submitted) => this.#keepPace(...submitted),
    });
  }

  /** Put the parts of the page to work. */
  #furnish() {
    const { root, words, catalogue, shelf } = this;
    const part = partsOf(root);
    this.viewer.words = {
      missing: words("lead-missing"),
      flat: words("lead-flat"),
      derived: words("lead-derived"),
    };
    this.form = new ReadingForm(root.querySelector("form"), { catalogue, words, intents: this.#intents() });
    this.form.disable(true); // until an exam is in hand
    this.bar = new SheetBar(root, this.viewer, {
      shelf,
      words,
      language: document.documentElement.lang,
      onTracing: (tracing) => this.#showTracing(tracing),
    });
    const tracing = () => this.#tracing;
    this.tools = new Tools(root, this.viewer, {
      words,
      nameOf: (code) => catalogue.name(code),
      tracing,
    });
    this.help = new Help(part("help-dialog"), { desk: root, keys: new Keys(root, shelf), shelf, words });
    this.conflict = new Conflict(part("conflict-dialog"), {
      catalogue,
      words,
      onResolve: (draft) => this.#adopt(draft.content),
    });
    this.correction = new Correction(root, { shelf, words });
    this.retraction = new Retraction(root, {
      clock,
      words,
      language: document.documentElement.lang,
      onRetract: (last) => this.#retract(last),
    });
    this.opinion = new SecondOpinion(root, {
      ...this,
      api,
      clock,
      tracing,
      isUnderWay: (id) => this.outbox.holds(id),
      onSignedOut: () => this.messages.signIn(),
      onReopen: (assignment) => this.#seat(assignment),
      onChange: (edit) => this.#change(edit),
      onView: (id) => this.#hearSeen(id),
    });
    part("help").addEventListener("click", () => this.help.open());
    const scope = () => document.querySelector("dialog[open]") ?? root;
    bindHotkeys(document, { singleKeys: () => this.help.singleKeys, scope });
    this.#watch();
  }

  #watch() {
    const retry = () => {
      this.#sitting?.draft.retry();
      this.outbox.drain();
    };
    window.addEventListener("online", retry);
    window.addEventListener("popstate", () => this.#goTo(window.location.pathname));
    window.addEventListener("storage", () => this.#seeOtherWindow());
    for (const deed of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      document.addEventListener(deed, () => this.#sitting?.stopwatch.mark(clock.now()), { passive: true });
    }
    document.addEventListener("keydown", (event) => this.#escape(event));
    document.addEventListener("visibilitychange", () =>
      this.#sitting?.stopwatch.see(!document.hidden, clock.now()),
    );
    document.addEventListener("tool", ({ detail }) => this.#sitting?.countTool(detail.name));
    this.viewer.addEventListener("localisation", ({ detail }) => this.#attach(labels.localise, detail));
    this.viewer.addEventListener("measurement", ({ detail }) => this.#attach(labels.measure, detail));
  }

  /** Escape withdraws a question, before it leaves a tool. */
  #escape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (this.leaving.cancel()) event.preventDefault();
  }

  /** Begin with the assignment that the page came with; `last` was submitted last and can still be taken back. */
  async start(assignment, last) {
    await recover(this.shelf, this.root.dataset.reader);
    for (const entry of this.outbox.entries) this.queue.finish(entry.assignment); // on its way since an earlier visit
    this.queue.keep(assignment);
    await this.flow.fetchSheet(assignment);
    if (last && last.id !== assignment.id) this.#remember(last); // its own page offers the way back itself
    this.#seat(await this.#upToDate(assignment));
    this.outbox.drain();
  }

  /** A reload ends neither the way back to the last submission nor the time to take it back. */
  #remember(last) {
    this.messages.showLast(last);
    if (!this.outbox.holds(last.id)) this.retraction.offer(last); // its correction is not on its way yet
  }

  /** A reload may overtake a save that is on its way: ask again then, or make do without a network. */
  async #upToDate(assignment) {
    if (assignment.state === "submitted" || !Draft.isBehind(this.shelf, assignment)) return assignment;
    try {
      return await this.queue.refresh(assignment.id);
    } catch (error) {
      if (error instanceof api.Unreachable) return assignment;
      throw error;
    }
  }

  /** Back and forward lead to another exam, or only to another part of this page. */
  #goTo(pathname) {
    if (pathname !== `/read/${this.#sitting?.id}/`) window.location.reload();
  }

  #intents() {
    const edits = Object.entries(editsFor(this.catalogue));
    return {
      ...Object.fromEntries(edits.map(([name, edit]) => [name, (...told) => this.#change(edit(...told))])),
      undo: () => this.#sitting.undo() && this.#changed(),
      submit: () => this.leaving.submit(),
      abstain: () => this.leaving.abstain(),
      defer: () => this.leaving.defer(),
      cancel: () => this.leaving.cancel(),
      leaveCorrection: () => this.#leaveCorrection(),
    };
  }

  #showTracing(tracing) {
    if (tracing.daysBefore !== null) this.#sitting?.countTool("prior_exam");
    this.flow.showTracing(tracing);
  }

  /** The number of the exam's tracing on view; null while the exam before is. */
  get #tracing() {
    const { shown } = this.bar.tabs;
    return shown?.daysBefore === null ? shown.position : null;
  }

  /** Evidence from the sheet goes to the finding at hand. */
  #attach(edit, piece) {
    if (this.#tracing === null) return this.form.say(this.words("no-evidence-of-prior"), { isAsking: true });
    const { active } = this.form;
    const isFound = active !== null && labels.holds(this.#sitting.content, active);
    if (!isFound) return this.form.say(this.words("no-finding-at-hand"), { isAsking: true });
    this.#change((content) => edit(content, active, piece));
    return this.form.say(this.words("evidence-attached", { name: this.catalogue.name(active) }));
  }

  #change(edit) {
    if (!this.#isShut() && this.#sitting.change(edit)) this.#changed();
  }

  #changed() {
    this.leaving.clear();
    this.form.say("");
    this.#render();
  }

  #render() {
    const { content, canUndo, draft } = this.#sitting;
    this.form.show(content, { canUndo });
    this.messages.showDraft(draft);
    this.tools.mark(content.findings);
    this.opinion.follow(content);
  }

  /** Take `assignment` in hand: its sheet is on view already. */
  #seat(assignment) {
    const isTooLate = this.correction.isTooLate(assignment);
    this.#sitting = new Sitting(assignment, {
      catalogue: this.catalogue,
      shelf: this.shelf,
      api,
      clock,
      onDraft: (draft) => this.#hearDraft(draft),
      isCorrecting: this.correction.begins(assignment),
      isRevising: this.opinion.isBegun(assignment),
    });
    this.opinion.seat(this.#sitting);
    if (this.#isSubmitted()) this.#sitting.draft.settle();
    this.form.reset();
    this.form.offer(assignment.study.frequent_classes);
    this.bar.showExam(assignment.exam);
    this.messages.showPlace(assignment);
    this.leaving.clear();
    this.#render();
    this.#hearDraft(this.#sitting.draft);
    this.#close();
    if (isTooLate) this.form.say(this.words("retract-over"), { link: this.flow.wayOn(assignment) });
    this.#showPace();
    this.#showSuggestions(assignment);
    this.flow.settle(assignment);
  }

  /** Who corrects a reading is asked nothing that would make it final; what was shown makes it so. */
  #showSuggestions(assignment) {
    if (this.#sitting.isCorrecting && !assignment.is_shown_suggestions)
      this.opinion.leave(); // of another exam they may be on view still
    else this.opinion.show(assignment);
  }

  /** Suggestions seen after signing make the reading final; those seen while reading were known to it. */
  #hearSeen(id) {
    if (this.#sitting.assignment.is_shown_suggestions || this.retraction.until(id) === null) return;
    this.retraction.withdraw(id);
    if (String(this.#sitting.id) === String(id) && this.#isShut()) this.#sayWhyShut();
  }

  /** `content` becomes what the form shows, with nothing to take back. */
  #adopt(content) {
    this.#sitting.adopt(content);
    this.leaving.clear();
    this.#render();
  }

  /** Signed, whether or not the server knows yet. */
  #isSubmitted() {
    const { id, assignment, isCorrecting, isRevising } = this.#sitting;
    if (isCorrecting || isRevising) return this.outbox.holds(id);
    return assignment.state === "submitted" || this.queue.isDone(id) || this.outbox.holds(id);
  }

  #isShut() {
    return this.#isSubmitted() || !this.#sitting.assignment.batch.is_open;
  }

  #close() {
    const { assignment, isCorrecting } = this.#sitting;
    const isSubmitted = this.#isSubmitted();
    this.form.disable(this.#isShut());
    this.root.classList.toggle("is-submitted", isSubmitted);
    this.root.classList.toggle("is-correcting", isCorrecting);
    this.correction.show(this.#sitting);
    if (isCorrecting) this.retraction.withdraw(assignment.id); // it is taken back already
    if (!this.#isShut()) return;
    if (assignment.reading && assignment.undo_until)
      this.retraction.offer({ id: assignment.id, code: assignment.exam.code, until: assignment.undo_until });
    this.#sayWhyShut();
  }

  /** Why nothing can be changed here, and whether it still can be taken back. */
  #sayWhyShut() {
    const { assignment } = this.#sitting;
    const time = this.retraction.until(assignment.id);
    const submitted =
      assignment.reading?.outcome === "abstained"
        ? "abstained-already"
        : time
          ? "submitted-until"
          : "submitted-already";
    const why = this.#isSubmitted() ? submitted : "batch-closed";
    this.form.say(this.words(why, { time }), { link: this.flow.wayOn(assignment) });
  }

  /** What was submitted stands: what was entered to correct it is forgotten. */
  #leaveCorrection() {
    const { assignment } = this.#sitting;
    this.correction.forget(this.#sitting);
    this.queue.finish(assignment.id);
    this.#seat(assignment);
  }

  /** The last submission is taken back: its content is open again until it is submitted anew. */
  #retract({ id }) {
    this.correction.want(id);
    this.queue.forget(id);
    if (this.messages.isFinished) this.messages.resume();
    return this.flow.travel(id);
  }

  /** Another window of this browser has submitted the exam on view. */
  #seeOtherWindow() {
    if (
      !this.#sitting ||
      this.#sitting.isCorrecting ||
      this.queue.isDone(this.#sitting.id) ||
      !this.outbox.holds(this.#sitting.id)
    )
      return;
    this.queue.finish(this.#sitting.id);
    this.#sitting.draft.settle();
    this.#close();
    this.form.say(this.words("submitted-elsewhere"), { link: this.flow.wayOn(this.#sitting.assignment) });
  }

  #hearDraft(draft) {
    if (draft !== this.#sitting?.draft) return; // an earlier exam's save came back late
    this.messages.showDraft(draft);
    if (draft.state === DraftState.ELSEWHERE) this.conflict.ask(draft);
    if (draft.state === DraftState.CLOSED) this.form.disable(true);
    if (draft.problem) this.form.say(draft.problem.detail || draft.problem.title);
  }

  #display() {
    return {
      ...this.viewer.display,
      devicePixelRatio: window.devicePixelRatio,
      viewport: [window.innerWidth, window.innerHeight],
    };
  }

  /** The next key belongs to the exam that has arrived, however late its frame is painted. */
  #arrive(assignment) {
    letGo(this.root); // a field left in use would take keys for letters
    const at = document.activeElement;
    this.#seat(assignment);
    // In the frame that shows the exam: giving the focus earlier would lay the page out once more.
    requestAnimationFrame(() => {
      if (document.activeElement === at)
        this.root.querySelector("[data-part=code]").focus({ preventScroll: true }); // else a field is in use already
    });
  }

  #keepPace({ id }, { active_ms: activeMs, outcome }) {
    this.shelf.write(
      "pace",
      withSubmission(this.shelf.read("pace"), { id, at: clock.now(), activeMs, outcome }),
    );
  }

  #showPace() {
    this.messages.showPace(pace(this.shelf.read("pace"), clock.now(), new Date().getHours()));
  }

  #hear(event) {
    this.messages.showOutbox(event);
    if (event.type === "refused") this.flow.hearRefused();
    if (event.type === "accepted") {
      const {
        entry: { assignment: id, code, kind },
        answer,
      } = event;
      if (kind !== "revision") this.retraction.offer({ id, code, until: answer.undo_until });
      this.flow.hearAccepted(answer);
    }
    if (event.type === "sent") this.flow.hearSent();
  }
}

const desk = new Desk(document.getElementById("desk"));
await desk.start(embedded("assignment"), embedded("last"));
