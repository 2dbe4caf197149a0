// From one exam to the next: what follows is fetched and drawn before it is needed.

import { Refused, SignedOut, Unreachable } from "../api.js";
import { afterPaint } from "../clock.js";
import { make } from "../dom.js";
import { firstTracing } from "./storage/queue.js";

/** @import { Clock } from "../clock.js" */
/** @import { Signal } from "../ecg/types.js" */
/** @import { EcgViewer } from "../ecg/viewer.js" */
/** @import { Words } from "../texts.js" */
/** @import { ReadingForm } from "./form/form.js" */
/** @import { Messages } from "./messages.js" */
/** @import { Outbox } from "./storage/outbox.js" */
/** @import { Queue } from "./storage/queue.js" */
/** @import { Assignment, NextAnswer } from "./types.js" */

/**
 * @typedef {object} FlowDeps
 * @property {Clock} clock
 * @property {ReadingForm} form
 * @property {Messages} messages
 * @property {Outbox} outbox
 * @property {Queue} queue
 * @property {EcgViewer} viewer
 * @property {Words} words
 * @property {(assignment: Assignment) => void} onArrive opens the exam whose sheet is on view
 */

const RETRY_MS = 3000;

export class Flow {
  /** @type {Assignment | null} */
  #currentOrNull = null;
  #isAwaiting = false;
  /**
   * The exam that is being fetched.
   *
   * @type {number | string | null}
   */
  #target = null;

  /**
   * The tracing that was requested last.
   *
   * @type {string | null}
   */
  #requestedHref = null;

  /** @param {FlowDeps} deps */
  constructor(deps) {
    this.deps = deps;
  }

  /** The exam on view; there is always one once the desk has started. */
  get #current() {
    if (this.#currentOrNull === null) throw new Error("no exam is on view yet");
    return this.#currentOrNull;
  }

  /**
   * `assignment` is on view: load what follows it.
   *
   * @param {Assignment} assignment
   */
  setCurrent(assignment) {
    this.#currentOrNull = assignment;
    // Drawing what follows takes longer than a frame: show the current exam first.
    afterPaint(() => assignment === this.#current && this.#lookAhead());
  }

  /** Show what comes next: in this very frame when it is ready. */
  proceed() {
    const { queue, messages, outbox } = this.deps;
    const next = queue.after(this.#current);
    if (next === null && isPooled(this.#current)) return this.#waitForNext();
    if (next === null) return messages.finish({ isSending: outbox.entries.length > 0 });
    return this.go(next);
  }

  /**
   * Show the exam `id`: in this very frame when it is ready.
   *
   * @param {number} id
   */
  go(id) {
    const { queue, viewer } = this.deps;
    const ready = queue.ready(id);
    if (ready && viewer.show(firstTracing(ready))) return this.#arrive(ready);
    return this.goWhenLoaded(id);
  }

  /**
   * Go to an exam that has to be fetched first; without a network, retry until it comes.
   *
   * @param {number | string} id
   * @returns {Promise<void>}
   */
  async goWhenLoaded(id) {
    const { form, messages, queue, clock } = this.deps;
    this.#target = id;
    form.disable(true);
    messages.wait(true);
    try {
      const assignment = await queue.assignment(id);
      const { href, signal } = await this.#fetched(assignment);
      const isOnView = await this.#draw(href, signal, () => this.#target === id);
      if (this.#target !== id) return; // the reader went elsewhere meanwhile
      if (!isOnView) return this.goWhenLoaded(id); // another sheet was drawn into the hidden plot
      messages.wait(false);
      this.#arrive(assignment);
    } catch (error) {
      if (error instanceof Unreachable)
        clock.after(RETRY_MS, () => this.#target === id && this.goWhenLoaded(id));
      else this.#report(error);
    }
  }

  /**
   * Fetch and show the first tracing of the exam the desk opens with; without a network, retry until it
   * comes.
   *
   * @param {Assignment} assignment
   * @returns {Promise<void>}
   */
  async fetchSheet(assignment) {
    const { messages, clock } = this.deps;
    try {
      const { href, signal } = await this.#fetched(assignment);
      await this.#draw(href, signal);
      messages.wait(false);
    } catch (error) {
      if (!(error instanceof Unreachable)) return this.#report(error);
      messages.wait(true);
      await new Promise((resolve) => clock.after(RETRY_MS, () => resolve(null)));
      return this.fetchSheet(assignment);
    }
  }

  /**
   * Show another tracing of the exam on view, unless the reader has moved on before it came.
   *
   * @param {{href: string}} tracing
   */
  async showTracing({ href }) {
    const { messages, queue, words } = this.deps;
    const current = this.#current;
    this.#requestedHref = href;
    try {
      await this.#draw(
        href,
        await queue.signal(href),
        () => current === this.#current && href === this.#requestedHref,
      );
    } catch (error) {
      if (error instanceof Unreachable) messages.say(words("tracing-unreachable"));
      else this.#report(error);
    }
  }

  /** @param {Assignment} assignment */
  async #fetched(assignment) {
    const href = firstTracing(assignment);
    return { href, signal: await this.deps.queue.signal(href) };
  }

  /**
   * Draw `signal` and show it if it is still wanted; resolves to whether it is on view.
   *
   * @param {string} href
   * @param {Signal} signal
   * @param {() => boolean} [isCurrent]
   */
  async #draw(href, signal, isCurrent = () => true) {
    const { viewer } = this.deps;
    if (!isCurrent()) return false;
    if (viewer.shown !== href) await viewer.prepare(href, signal);
    return isCurrent() && viewer.show(href);
  }

  /**
   * The server has a reading and named the `next` exam: the queue may have grown.
   *
   * @param {NextAnswer} answer
   */
  async handleAccepted({ next }) {
    const { queue, messages } = this.deps;
    if (this.#isAwaiting) {
      await this.#continueTo(next);
    } else if (messages.isFinished && next !== null && !queue.isDone(next)) {
      messages.resume();
      await this.goWhenLoaded(next);
    } else if (queue.after(this.#current) === null && !queue.isDone(this.#current.id)) {
      await this.#lookAgain();
    }
  }

  /** What followed was read meanwhile: ask what follows now; if that fails, it is asked when needed. */
  async #lookAgain() {
    try {
      Object.assign(this.#current, { next: await this.#askNext() });
      this.#lookAhead();
    } catch (error) {
      if (!(error instanceof Unreachable)) this.#report(error);
    }
  }

  /** Nothing is left to send: another window may have sent what this one waits for. */
  async handleSent() {
    if (!this.#isAwaiting) return;
    try {
      const next = await this.#askNext();
      this.deps.queue.finish(this.#current.id);
      if (this.#isAwaiting) await this.#continueTo(next);
    } catch (error) {
      if (error instanceof Unreachable) this.deps.clock.after(RETRY_MS, () => this.handleSent());
      else this.#report(error);
    }
  }

  /** The id of what follows the exam on view, as the server has it. */
  async #askNext() {
    const { next } = await this.deps.queue.refresh(this.#current.id);
    return next;
  }

  /** The server refused a reading, so there is no answer that names the next exam of a pool. */
  handleRefused() {
    if (this.#isAwaiting) this.#continueTo(null);
  }

  /**
   * The link onward from an exam that cannot be changed anymore, with the key that submits other exams.
   *
   * @param {Assignment} assignment
   */
  nextLink({ next, batch }) {
    const { words } = this.deps;
    const [href, name] =
      next === null || !batch.is_open ? ["/worklist/", "to-worklist"] : [`/read/${next}/`, "to-next"];
    return make("a", { href, "aria-keyshortcuts": "Control+Enter" }, words(name));
  }

  /** @param {Assignment} assignment */
  #arrive(assignment) {
    this.#target = null;
    const { code } = this.#current.exam;
    this.deps.onArrive(assignment);
    // In the frame that shows the exam: earlier, the browser would recompute styles once more.
    requestAnimationFrame(() => {
      document.title = document.title.replace(code, assignment.exam.code);
      window.history.pushState(null, "", `/read/${assignment.id}/`);
    });
  }

  /** In a pool the next exam is known only from the server's answer to this reading. */
  #waitForNext() {
    this.#isAwaiting = true;
    this.deps.form.disable(true);
    this.deps.messages.wait(true);
  }

  /**
   * The server answered for the last reading: go on, or say that nothing is available now.
   *
   * @param {number | null} next
   */
  async #continueTo(next) {
    const { outbox, messages, queue } = this.deps;
    if (outbox.entries.length > 0) return;
    this.#isAwaiting = false;
    messages.wait(false);
    if (next === null || queue.isDone(next)) messages.finish({ isSending: false, isPooled: true });
    else await this.goWhenLoaded(next);
  }

  /**
   * Load the exams ahead, draw the next one into the hidden plot, and load the previous exam to compare with.
   */
  async #lookAhead() {
    const { queue, viewer, clock } = this.deps;
    const current = this.#current;
    try {
      await queue.loadAhead(current, async (next, signal) => {
        if (current !== this.#current) return;
        await viewer.prepare(firstTracing(next), signal);
        viewer.dataset.ready = String(next.id); // going on needs no network now
      });
      await queue.loadPreviousExam(current);
    } catch (error) {
      // The next exam is fetched again when it is needed, and only then is an error worth showing.
      if (error instanceof Unreachable)
        clock.after(RETRY_MS, () => current === this.#current && this.#lookAhead());
      else if (!(error instanceof SignedOut || error instanceof Refused)) throw error;
    }
  }

  /** @param {unknown} error */
  #report(error) {
    const { messages } = this.deps;
    if (error instanceof SignedOut) messages.signIn();
    else if (error instanceof Refused) {
      messages.wait(false);
      messages.refuse(error.message);
    } else throw error;
  }
}

/**
 * Nobody knows how many exams a pool still has for this reader.
 *
 * @param {Assignment} assignment
 */
function isPooled(assignment) {
  return assignment.queue.total === null;
}
