// Moves from one exam to the next. The exams that follow are loaded in advance, and the next one is
// drawn.

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
 * @property {(assignment: Assignment) => void} onArrive opens an exam once its sheet is displayed
 */

const RETRY_MS = 3000;

export class Flow {
  /** @type {Assignment | null} */
  #currentOrNull = null;
  #isAwaiting = false;
  /**
   * ID of the exam that is being loaded.
   *
   * @type {number | string | null}
   */
  #target = null;

  /**
   * URL of the tracing that was requested last.
   *
   * @type {string | null}
   */
  #requestedHref = null;

  /** @param {FlowDeps} deps */
  constructor(deps) {
    this.deps = deps;
  }

  /** The displayed exam. There is always one once the desk has started. */
  get #current() {
    if (this.#currentOrNull === null) throw new Error("no exam is displayed yet");
    return this.#currentOrNull;
  }

  /**
   * Record that `assignment` is displayed, and load the exams that follow it.
   *
   * @param {Assignment} assignment
   */
  setCurrent(assignment) {
    this.#currentOrNull = assignment;
    // Drawing the next exam takes longer than a frame, so let the browser paint the current one first.
    afterPaint(() => assignment === this.#current && this.#lookAhead());
  }

  /** Show the next exam, in the same frame if it is ready. */
  proceed() {
    const { queue, messages, outbox } = this.deps;
    const next = queue.after(this.#current);
    if (next === null && isPooled(this.#current)) return this.#waitForNext();
    if (next === null) return messages.finish({ isSending: outbox.entries.length > 0 });
    return this.go(next);
  }

  /**
   * Show the exam `id`, in the same frame if it is ready.
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
   * Load and show an exam. Retry while the server cannot be reached.
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
      if (this.#target !== id) return; // the reader has opened another exam meanwhile
      if (!isOnView) return this.goWhenLoaded(id); // another sheet was drawn into the hidden plot meanwhile
      messages.wait(false);
      this.#arrive(assignment);
    } catch (error) {
      if (error instanceof Unreachable)
        clock.after(RETRY_MS, () => this.#target === id && this.goWhenLoaded(id));
      else this.#report(error);
    }
  }

  /**
   * Load and show the first tracing of the exam that the page opens with. Retry while the server cannot be
   * reached.
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
   * Show another tracing of the displayed exam, unless the reader has moved on before it is loaded.
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
   * Draw `signal`, and show it if `isCurrent()` still returns true. Resolves to true if it is displayed.
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
   * Handle the response to an accepted submission. `next` may be an exam that was added to the queue
   * meanwhile.
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

  /**
   * Ask the server which exam follows, because this page knows of none, or only of one that has been read
   * meanwhile. Network errors are ignored.
   */
  async #lookAgain() {
    try {
      Object.assign(this.#current, { next: await this.#askNext() });
      this.#lookAhead();
    } catch (error) {
      if (!(error instanceof Unreachable)) this.#report(error);
    }
  }

  /**
   * Called when the outbox is empty. Another window may have sent the submission whose response this one
   * waits for, so ask for the next exam.
   */
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

  /** Ask the server for the ID of the exam that follows the displayed one. */
  async #askNext() {
    const { next } = await this.deps.queue.refresh(this.#current.id);
    return next;
  }

  /**
   * Stop waiting when the server has refused a reading, because no response will name the next exam of the
   * pool.
   */
  handleRefused() {
    if (this.#isAwaiting) this.#continueTo(null);
  }

  /**
   * Return the link from a read-only exam to the next exam or the worklist. Its keyboard shortcut is
   * the one that submits an exam that is not read-only.
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
    // Do this in the frame that shows the exam. Earlier, it would make the browser recompute styles again.
    requestAnimationFrame(() => {
      document.title = document.title.replace(code, assignment.exam.code);
      window.history.pushState(null, "", `/read/${assignment.id}/`);
    });
  }

  /**
   * Wait for the server's response to this reading, because in a pool only the response names the next exam.
   */
  #waitForNext() {
    this.#isAwaiting = true;
    this.deps.form.disable(true);
    this.deps.messages.wait(true);
  }

  /**
   * Open the exam `next`, or show that no exam is available now. Does nothing while the outbox has entries,
   * and is called again when they are sent.
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
   * Load the exams that follow, draw the next one into the hidden plot, and load the patient's previous
   * exam.
   */
  async #lookAhead() {
    const { queue, viewer, clock } = this.deps;
    const current = this.#current;
    try {
      await queue.loadAhead(current, async (next, signal) => {
        if (current !== this.#current) return;
        await viewer.prepare(firstTracing(next), signal);
        viewer.dataset.ready = String(next.id); // the next exam can now be shown without the network
      });
      await queue.loadPreviousExam(current);
    } catch (error) {
      // Errors are not shown here. The next exam is loaded again when it is needed, and errors are shown
      // then.
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
 * True if the exam is from a pool. Only pools have no total, because the number of
 * remaining exams is unknown.
 *
 * @param {Assignment} assignment
 */
function isPooled(assignment) {
  return assignment.queue.total === null;
}
