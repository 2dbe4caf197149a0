// The reading desk, wired together. What each part does stands in the part.

import * as api from "./api.js";
import { Catalogue } from "./catalogue.js";
import { clock } from "./clock.js";
import { Confirmation } from "./confirmation.js";
import { Conflict } from "./desk/conflict.js";
import { Flow } from "./desk/flow.js";
import { ReadingForm } from "./desk/form.js";
import { Help } from "./desk/help.js";
import { Messages } from "./desk/messages.js";
import { SheetBar } from "./desk/sheetbar.js";
import { Suggestions } from "./desk/suggestions.js";
import { embedded } from "./dom.js";
import { Draft, DraftState } from "./draft.js";
import { decode } from "./ecg/signal.js";
import "./ecg/viewer.js";
import * as history from "./history.js";
import { bindHotkeys } from "./hotkeys.js";
import * as labels from "./labels.js";
import { objections } from "./objections.js";
import { Outbox } from "./outbox.js";
import { Queue } from "./queue.js";
import { Shelf } from "./shelf.js";
import { Stopwatch } from "./stopwatch.js";
import { createTexts } from "./texts.js";

class Desk {
  #assignment = null;
  #draft = null;
  #history = null;
  #stopwatch = null;
  #confirmation = new Confirmation();

  constructor(root) {
    this.root = root;
    this.words = createTexts(embedded("texts"));
    this.catalogue = new Catalogue(embedded("classes"), document.documentElement.lang);
    this.shelf = new Shelf(localStorage, root.dataset.reader);
    this.queue = new Queue({ ...api, decode });
    this.viewer = root.querySelector("ecg-viewer");
    this.messages = new Messages(root, { words: this.words });
    this.#furnish();
    this.outbox = new Outbox({
      shelf: this.shelf, api, clock, newKey: () => crypto.randomUUID(), onEvent: (event) => this.#hear(event),
    });
    this.flow = new Flow({ ...this, clock, onArrive: (assignment) => this.#arrive(assignment) });
  }

  /** Put the parts of the page to work. */
  #furnish() {
    const { root, words, catalogue, shelf } = this;
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.viewer.words = { missing: words("lead-missing"), flat: words("lead-flat"), derived: words("lead-derived") };
    this.form = new ReadingForm(root.querySelector("form"), { catalogue, words, intents: this.#intents() });
    this.bar = new SheetBar(root, this.viewer, { shelf, words, onTracing: (tracing) => this.flow.showTracing(tracing) });
    this.help = new Help(part("help-dialog"), { desk: root, shelf, words });
    this.conflict = new Conflict(part("conflict-dialog"), { catalogue, words, onResolve: (draft) => this.#adopt(draft.content) });
    this.suggestions = new Suggestions(part("suggestions"), {
      api, catalogue, words, onSignedOut: () => this.messages.signIn(),
    });
    part("help").addEventListener("click", () => this.help.open());
    const scope = () => document.querySelector("dialog[open]") ?? root;
    bindHotkeys(document, { singleKeys: () => this.help.singleKeys, scope });
    this.#watch();
  }

  #watch() {
    const retry = () => {
      this.#draft?.retry();
      this.outbox.drain();
    };
    window.addEventListener("online", retry);
    window.addEventListener("popstate", () => window.location.reload());
    for (const deed of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      document.addEventListener(deed, () => this.#stopwatch?.mark(clock.now()), { passive: true });
    }
    document.addEventListener("visibilitychange", () => this.#stopwatch?.see(!document.hidden, clock.now()));
  }

  /** Begin with the assignment that the page came with. */
  async start(assignment) {
    for (const entry of this.outbox.entries) this.queue.finish(entry.assignment); // on its way since an earlier visit
    this.queue.keep(assignment);
    await this.flow.fetchSheet(assignment);
    this.#seat(await this.#upToDate(assignment));
    this.outbox.drain();
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

  #intents() {
    const change = (edit) => this.#change(edit(this.#history.present));
    return {
      toggle: (code) => change((content) =>
        labels.holds(content, code) ? labels.remove(content, code) : labels.add(content, code, this.catalogue)),
      remove: (code) => change((content) => labels.remove(content, code)),
      certainty: (code, certainty) => change((content) => labels.setCertainty(content, code, certainty)),
      quality: (quality) => change((content) => labels.setQuality(content, quality)),
      comment: (text) => change((content) => labels.setComment(content, text)),
      undo: () => this.#go(history.undo(this.#history)),
      submit: () => this.#submit(),
    };
  }

  #change(content) {
    this.#go(history.step(this.#history, content));
  }

  #go(steps) {
    if (steps === this.#history) return;
    this.#history = steps;
    this.#confirmation.clear();
    this.form.say("");
    this.#draft.edit(steps.present);
    this.#render();
  }

  #render() {
    this.form.show(this.#history.present, { canUndo: this.#history.past.length > 0 });
    this.messages.showDraft(this.#draft);
  }

  /** Take `assignment` in hand: its sheet is on view already. */
  #seat(assignment) {
    this.#assignment = assignment;
    const server = assignment.draft && {
      ...assignment.draft, content: labels.restore(assignment.draft.content, this.catalogue),
    };
    this.#draft = new Draft({ id: assignment.id, server, blank: labels.blank() }, {
      shelf: this.shelf, api, clock, onChange: (draft) => this.#hearDraft(draft),
    });
    if (this.#isSubmitted(assignment)) this.#draft.settle();
    this.#stopwatch = new Stopwatch(clock.now());
    this.form.reset();
    this.form.offer(assignment.study.frequent_classes);
    this.bar.showExam(assignment.exam);
    this.messages.showPlace(assignment);
    this.#adopt(assignment.reading ?? this.#draft.content);
    this.#hearDraft(this.#draft);
    this.#close(assignment);
    this.suggestions.show(assignment);
    this.flow.settle(assignment);
  }

  /** `content` becomes what the form shows, with nothing to take back. */
  #adopt(content) {
    this.#history = history.begin(labels.restore(content, this.catalogue));
    this.#confirmation.clear();
    this.#render();
  }

  /** Signed, whether or not the server knows yet. */
  #isSubmitted({ id, state }) {
    return state === "submitted" || this.queue.isDone(id) || this.outbox.holds(id);
  }

  #close(assignment) {
    const isSubmitted = this.#isSubmitted(assignment);
    const isShut = isSubmitted || !assignment.batch.is_open;
    this.form.disable(isShut);
    this.root.classList.toggle("is-submitted", isSubmitted);
    if (!isShut) return;
    this.form.say(this.words(isSubmitted ? "submitted-already" : "batch-closed"), { link: this.flow.wayOn(assignment) });
  }

  #hearDraft(draft) {
    if (draft !== this.#draft) return; // an earlier exam's save came back late
    this.messages.showDraft(draft);
    if (draft.state === DraftState.ELSEWHERE) this.conflict.ask(draft);
    if (draft.state === DraftState.CLOSED) this.form.disable(true);
    if (draft.problem) this.form.say(draft.problem.detail || draft.problem.title);
  }

  #submit() {
    const content = this.#history.present;
    if (!this.#isConfirmed(content)) return;
    const { id, exam } = this.#assignment;
    const reading = { ...content, active_ms: this.#stopwatch.activeMs(clock.now()), display: this.#display() };
    this.queue.finish(id);
    this.messages.remember({ id, code: exam.code });
    this.outbox.add(id, reading, this.#draft);
    this.flow.proceed();
  }

  /** What is legal but rarely meant is asked once: submitting again says yes. */
  #isConfirmed(content) {
    const found = objections(content, this.catalogue);
    const forbidden = found.find(({ weight }) => weight === "forbids");
    const doubts = forbidden ? [forbidden] : found.filter(({ weight }) => weight === "asks");
    if (doubts.length === 0) return true;
    if (!forbidden && this.#confirmation.answers(JSON.stringify(doubts), clock.now())) return true;
    const [one, other] = doubts[0].codes.map((code) => this.catalogue.name(code));
    const doubt = this.words(doubts[0].kind, { one, other });
    this.form.say(forbidden ? doubt : `${doubt} ${this.words("confirm")}`, { isAsking: true });
    return false;
  }

  #display() {
    return {
      ...this.viewer.display,
      devicePixelRatio: window.devicePixelRatio,
      viewport: [window.innerWidth, window.innerHeight],
    };
  }

  #arrive(assignment) {
    this.#seat(assignment);
    this.root.querySelector("[data-part=code]").focus({ preventScroll: true });
  }

  #hear(event) {
    this.messages.showOutbox(event);
    if (event.type === "refused") this.flow.hearRefused();
    if (event.type !== "accepted") return;
    this.shelf.remove(`draft/${event.entry.assignment}`); // the server has the reading: the device may forget it
    this.flow.hearAccepted(event.answer);
  }
}

const desk = new Desk(document.getElementById("desk"));
await desk.start(embedded("assignment"));
