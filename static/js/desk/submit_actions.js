// The actions that end work on an exam: submit it, abstain from it, or skip it for now. Doubtful submissions
// have to be confirmed.

import { Refused, SignedOut, Unreachable } from "../api.js";
import { Confirmation } from "./state/confirmation.js";
import { make } from "../dom.js";
import { mentioned } from "./state/labels.js";
import { objections } from "./state/objections.js";

/** @import { Clock } from "../clock.js" */
/** @import { Words } from "../texts.js" */
/** @import { Flow } from "./flow.js" */
/** @import { ReadingForm } from "./form/form.js" */
/** @import { Messages } from "./messages.js" */
/** @import { OpenExam } from "./open_exam.js" */
/** @import { SecondOpinion } from "./suggestions/second_opinion.js" */
/** @import { Catalog } from "./state/catalog.js" */
/** @import { Outbox } from "./storage/outbox.js" */
/** @import { Queue } from "./storage/queue.js" */
/** @import { Assignment, Content, ReadingRequest } from "./types.js" */

/**
 * @typedef {object} SubmitDeps
 * @property {Pick<typeof import("../api.js"), "deferExam">} api
 * @property {Catalog} catalog
 * @property {Clock} clock
 * @property {Flow} flow
 * @property {ReadingForm} form
 * @property {Messages} messages
 * @property {SecondOpinion} opinion
 * @property {Outbox} outbox
 * @property {Queue} queue
 * @property {Words} words
 * @property {() => object} display returns how the sheet is drawn now
 * @property {() => OpenExam} openExam
 * @property {(exam: OpenExam, reading: ReadingRequest) => void} onSubmit
 */

export class SubmitActions {
  #confirmation = new Confirmation();
  #isDeferring = false;
  #isGuarding = false;
  #isAsking = false;

  /** @param {SubmitDeps} deps */
  constructor(deps) {
    this.deps = deps;
  }

  /** Cancel a pending confirmation because something was changed. */
  clear() {
    this.#confirmation.clear();
    this.#isAsking = false;
  }

  /** Cancel a pending confirmation on Cancel or Escape. Returns false if there was none. */
  cancel() {
    if (!this.#isAsking) return false;
    this.clear();
    this.deps.form.say("");
    return true;
  }

  submit() {
    const { openExam, opinion } = this.deps;
    const { content } = openExam();
    if (opinion.isReady() && this.#isConfirmed(content)) this.#send(content);
  }

  /**
   * Abstain from the exam, after confirmation. An abstention is a submission and can be taken back like any
   * other.
   */
  abstain() {
    const { words, openExam } = this.deps;
    const { content, isCorrecting, isRevising } = openExam();
    if (isCorrecting || isRevising) return undefined;
    if (mentioned(content).length > 0) return this.#refuse(words("abstain-with-findings"));
    if (content.quality === "unreadable") return this.#refuse(words("abstain-unreadable"));
    if (!this.#answers("abstain"))
      return this.#ask(`${words("abstain-confirm")} ${words("abstain-again")}`, this.#cancelButton());
    // "good" is only the default of the form. A reader who abstains did not rate the signal.
    return this.#send({
      ...content,
      outcome: "abstained",
      quality: content.quality === "good" ? "" : content.quality,
    });
  }

  /** Move the exam to the end of the queue and keep its draft. */
  async defer() {
    const { api, words, messages, queue, flow, openExam } = this.deps;
    const { assignment, isCorrecting, isRevising } = openExam();
    if (this.#isDeferring || isCorrecting || isRevising) return;
    this.#isDeferring = true;
    try {
      const { next } = await api.deferExam(assignment.id);
      if (openExam().id !== assignment.id) return;
      if (next === null || queue.isDone(next)) return this.#refuse(words("defer-last"));
      queue.forget(assignment.id);
      messages.noteDeferred(assignment);
      await flow.go(next);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isDeferring = false;
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    const { words, messages } = this.deps;
    if (error instanceof Unreachable) this.#refuse(words("defer-offline"));
    else if (error instanceof SignedOut) messages.signIn();
    else if (error instanceof Refused) this.#refuse(error.message);
    else throw error;
  }

  /** @param {Omit<Content, "quality"> & {quality: string, outcome?: string}} content */
  #send(content) {
    const { openExam, display, queue, outbox, flow, form, messages, opinion, onSubmit } = this.deps;
    const { id, assignment, draft, isCorrecting, isRevising } = openExam();
    /** @type {ReadingRequest} */
    const reading = { ...content, ...openExam().circumstances(display()), ...opinion.submission };
    this.clear();
    if (isCorrecting) reading.supersedes = assignment.reading?.id;
    queue.finish(id);
    const isKept = outbox.add(id, reading, draft, assignment.exam.code, isRevising ? "revision" : "reading");
    if (!isKept) this.#warn(assignment);
    opinion.leave();
    if (!isRevising) onSubmit(openExam(), reading);
    flow.proceed();
    if (messages.isFinished) form.disable(true); // its keys would still work behind the final screen
  }

  /**
   * Warn that this device has no space for the reading, which is lost if the page is closed before it is
   * sent.
   *
   * @param {Pick<Assignment, "exam">} assignment
   */
  #warn({ exam: { code } }) {
    const { messages, outbox, words } = this.deps;
    messages.say(words("reading-not-saved", { code }));
    if (this.#isGuarding) return;
    this.#isGuarding = true;
    globalThis.addEventListener("beforeunload", (event) => outbox.hasUnkept && event.preventDefault());
  }

  /**
   * Return true if the reading can be sent. Otherwise say why not, or ask for confirmation if it is allowed
   * but rarely intended. Submitting again confirms it.
   *
   * @param {Content} content
   */
  #isConfirmed(content) {
    const { catalog, words } = this.deps;
    const raised = objections(content, catalog);
    const forbidden = raised.find(({ weight }) => weight === "forbids");
    const doubts = forbidden ? [forbidden] : raised.filter(({ weight }) => weight === "asks");
    if (doubts.length === 0) return true;
    if (!forbidden && this.#answers(JSON.stringify(doubts))) return true;
    const [one, other] = doubts[0].codes.map((code) => catalog.name(code));
    const doubt = words(doubts[0].kind, { one, other });
    this.#ask(forbidden ? doubt : `${doubt} ${words("confirm")}`);
    return false;
  }

  /** @param {string} question */
  #answers(question) {
    return this.#confirmation.answers(question, this.deps.clock.now());
  }

  /**
   * @param {string} sentence
   * @param {HTMLElement | null} [link]
   */
  #ask(sentence, link = null) {
    this.#isAsking = true;
    this.deps.form.say(sentence, { isAsking: true, link });
  }

  #cancelButton() {
    return make(
      "button",
      { type: "button", class: "button-link", "data-act": "cancel" },
      this.deps.words("cancel"),
      " ",
      make("kbd", {}, "Esc"),
    );
  }

  /** @param {string} sentence */
  #refuse(sentence) {
    this.clear();
    this.deps.form.say(sentence, { isAsking: true });
  }
}
