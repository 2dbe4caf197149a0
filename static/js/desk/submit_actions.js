// The ways to leave an exam: submit it, abstain from it, put it off. What is final and doubtful is asked once.

import { Refused, SignedOut, Unreachable } from "../api.js";
import { Confirmation } from "./state/confirmation.js";
import { make } from "../dom.js";
import { mentioned } from "./state/labels.js";
import { objections } from "./state/objections.js";

export class Leaving {
  #confirmation = new Confirmation();
  #isDeferring = false;
  #isGuarding = false;
  #isAsking = false;

  /**
   * @param {{api: object, clock: object, words: Function, catalogue: object, form: object, messages: object,
   *   queue: object, outbox: object, flow: object, opinion: object, display: () => object, sitting: () => object,
   *   onSubmit: (sitting: object, reading: object) => void}} world
   */
  constructor(world) {
    this.world = world;
  }

  /** Something was changed: nothing is asked any more. */
  clear() {
    this.#confirmation.clear();
    this.#isAsking = false;
  }

  /** Take back what was asked, by Cancel or Escape; false when nothing was. */
  cancel() {
    if (!this.#isAsking) return false;
    this.clear();
    this.world.form.say("");
    return true;
  }

  submit() {
    const { sitting, opinion } = this.world;
    const { content } = sitting();
    if (opinion.isReady() && this.#isConfirmed(content)) this.#send(content);
  }

  /** Not competent for this exam: no reading. A submission all the same, which can be taken back like any other. */
  abstain() {
    const { words, sitting } = this.world;
    const { content, isCorrecting, isRevising } = sitting();
    if (isCorrecting || isRevising) return undefined;
    if (mentioned(content).length > 0) return this.#refuse(words("abstain-with-findings"));
    if (content.quality === "unreadable") return this.#refuse(words("abstain-unreadable"));
    if (!this.#answers("abstain"))
      return this.#ask(`${words("abstain-confirm")} ${words("abstain-again")}`, this.#cancelButton());
    // That the signal is good is only what the form begins with: who abstains has not said it.
    return this.#send({
      ...content,
      outcome: "abstained",
      quality: content.quality === "good" ? "" : content.quality,
    });
  }

  /** Put the exam behind all others; what was entered is kept. */
  async defer() {
    const { api, words, messages, queue, flow, sitting } = this.world;
    const { assignment, isCorrecting, isRevising } = sitting();
    if (this.#isDeferring || isCorrecting || isRevising) return;
    this.#isDeferring = true;
    try {
      const { next } = await api.deferExam(assignment.id);
      if (sitting().id !== assignment.id) return;
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

  #fail(error) {
    const { words, messages } = this.world;
    if (error instanceof Unreachable) this.#refuse(words("defer-offline"));
    else if (error instanceof SignedOut) messages.signIn();
    else if (error instanceof Refused) this.#refuse(error.message);
    else throw error;
  }

  #send(content) {
    const { sitting, display, queue, outbox, flow, form, messages, opinion, onSubmit } = this.world;
    const { id, assignment, draft, isCorrecting, isRevising } = sitting();
    const reading = { ...content, ...sitting().circumstances(display()), ...opinion.said };
    this.clear();
    if (isCorrecting) reading.supersedes = assignment.reading.id;
    queue.finish(id);
    const isKept = outbox.add(id, reading, draft, assignment.exam.code, isRevising ? "revision" : "reading");
    if (!isKept) this.#warn(assignment);
    opinion.leave();
    if (!isRevising) onSubmit(sitting(), reading);
    flow.proceed();
    if (messages.isFinished) form.disable(true); // behind the farewell its keys would still work
  }

  /** The device has no room for the reading of `assignment`: until the server has it, closing the page would lose it. */
  #warn({ exam: { code } }) {
    const { messages, outbox, words } = this.world;
    messages.say(words("reading-unkept", { code }));
    if (this.#isGuarding) return;
    this.#isGuarding = true;
    globalThis.addEventListener("beforeunload", (event) => outbox.hasUnkept && event.preventDefault());
  }

  /** What is legal but rarely meant is asked once: submitting again says yes. */
  #isConfirmed(content) {
    const { catalogue, words } = this.world;
    const found = objections(content, catalogue);
    const forbidden = found.find(({ weight }) => weight === "forbids");
    const doubts = forbidden ? [forbidden] : found.filter(({ weight }) => weight === "asks");
    if (doubts.length === 0) return true;
    if (!forbidden && this.#answers(JSON.stringify(doubts))) return true;
    const [one, other] = doubts[0].codes.map((code) => catalogue.name(code));
    const doubt = words(doubts[0].kind, { one, other });
    this.#ask(forbidden ? doubt : `${doubt} ${words("confirm")}`);
    return false;
  }

  #answers(question) {
    return this.#confirmation.answers(question, this.world.clock.now());
  }

  #ask(sentence, link = null) {
    this.#isAsking = true;
    this.world.form.say(sentence, { isAsking: true, link });
  }

  #cancelButton() {
    return make(
      "button",
      { type: "button", class: "button-link", "data-act": "cancel" },
      this.world.words("cancel"),
      " ",
      make("kbd", {}, "Esc"),
    );
  }

  #refuse(sentence) {
    this.clear();
    this.world.form.say(sentence, { isAsking: true });
  }
}
