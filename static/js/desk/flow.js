// From one exam to the next: what comes after a submission, fetched and drawn before it is wanted.

import { Refused, SignedOut, Unreachable } from "../api.js";
import { afterPaint } from "../clock.js";
import { make } from "../dom.js";
import { firstTracing } from "./storage/queue.js";

const RETRY_MS = 3000;

export class Flow {
  #current = null;
  #isAwaiting = false;
  #goal = null; // the exam that is being fetched
  #asked = null; // the tracing that was asked for last

  /**
   * @param {{queue: object, viewer: HTMLElement, outbox: object, form: object, messages: object, clock: object,
   *   words: Function, onArrive: (assignment: object) => void}} world `onArrive` takes the exam on view in hand
   */
  constructor(world) {
    this.world = world;
  }

  /** `assignment` is on view: what follows it is loaded. */
  settle(assignment) {
    this.#current = assignment;
    // Drawing what follows takes longer than a frame: first the reader sees what they asked for.
    afterPaint(() => assignment === this.#current && this.#lookAhead());
  }

  /** Show what comes next: in this very frame when it lies ready. */
  proceed() {
    const { queue, messages, outbox } = this.world;
    const next = queue.after(this.#current);
    if (next === null && isPooled(this.#current)) return this.#await();
    if (next === null) return messages.finish({ isSending: outbox.entries.length > 0 });
    return this.go(next);
  }

  /** Show the exam `id`: in this very frame when it lies ready. */
  go(id) {
    const { queue, viewer } = this.world;
    const ready = queue.ready(id);
    if (ready && viewer.show(firstTracing(ready))) return this.#arrive(ready);
    return this.travel(id);
  }

  /** Go to an exam that has to be fetched first; without a network it is asked for until it comes. */
  async travel(id) {
    const { form, messages, queue, clock } = this.world;
    this.#goal = id;
    form.disable(true);
    messages.wait(true);
    try {
      const assignment = await queue.assignment(id);
      const { href, signal } = await this.#fetched(assignment);
      const isOnView = await this.#draw(href, signal, () => this.#goal === id);
      if (this.#goal !== id) return; // the reader chose another way meanwhile
      if (!isOnView) return this.travel(id); // another sheet was drawn into the same buffer
      messages.wait(false);
      this.#arrive(assignment);
    } catch (error) {
      if (error instanceof Unreachable) clock.after(RETRY_MS, () => this.#goal === id && this.travel(id));
      else this.#report(error);
    }
  }

  /** Fetch and show the first tracing of the exam the desk opens with; without a network until it comes. */
  async fetchSheet(assignment) {
    const { messages, clock } = this.world;
    try {
      const { href, signal } = await this.#fetched(assignment);
      await this.#draw(href, signal);
      messages.wait(false);
    } catch (error) {
      if (!(error instanceof Unreachable)) return this.#report(error);
      messages.wait(true);
      await new Promise((resolve) => clock.after(RETRY_MS, resolve));
      return this.fetchSheet(assignment);
    }
  }

  /** Show another tracing of the exam on view, unless the reader has gone on before it came. */
  async showTracing({ href }) {
    const { messages, queue, words } = this.world;
    const current = this.#current;
    this.#asked = href;
    try {
      await this.#draw(
        href,
        await queue.signal(href),
        () => current === this.#current && href === this.#asked,
      );
    } catch (error) {
      if (error instanceof Unreachable) messages.say(words("tracing-unreachable"));
      else this.#report(error);
    }
  }

  async #fetched(assignment) {
    const href = firstTracing(assignment);
    return { href, signal: await this.world.queue.signal(href) };
  }

  /** Draw `signal` and show it if it is still wanted then; tells whether it is on view. */
  async #draw(href, signal, isWanted = () => true) {
    const { viewer } = this.world;
    if (!isWanted()) return false;
    if (viewer.shown !== href) await viewer.prepare(href, signal);
    return isWanted() && viewer.show(href);
  }

  /** The server has a reading and said what comes `next`: the queue may have gone on. */
  async hearAccepted({ next }) {
    const { queue, messages } = this.world;
    if (this.#isAwaiting) {
      await this.#awaited(next);
    } else if (messages.isFinished && next !== null && !queue.isDone(next)) {
      messages.resume();
      await this.travel(next);
    } else if (queue.after(this.#current) === null && !queue.isDone(this.#current.id)) {
      await this.#lookAgain();
    }
  }

  /** What followed was read in the meantime: what follows now is asked for, or at the latest when it is wanted. */
  async #lookAgain() {
    try {
      Object.assign(this.#current, { next: await this.#askNext() });
      this.#lookAhead();
    } catch (error) {
      if (!(error instanceof Unreachable)) this.#report(error);
    }
  }

  /** Nothing is left to send: another window may have sent what this one waits for. */
  async hearSent() {
    if (!this.#isAwaiting) return;
    try {
      const next = await this.#askNext();
      this.world.queue.finish(this.#current.id);
      if (this.#isAwaiting) await this.#awaited(next);
    } catch (error) {
      if (error instanceof Unreachable) this.world.clock.after(RETRY_MS, () => this.hearSent());
      else this.#report(error);
    }
  }

  /** What follows the exam on view now, as the server has it. */
  async #askNext() {
    const { next } = await this.world.queue.refresh(this.#current.id);
    return next;
  }

  /** The server refused a reading: of a pool there is nothing more to wait for. */
  hearRefused() {
    if (this.#isAwaiting) this.#awaited(null);
  }

  /** Where to go on from an exam that cannot be changed any more: by the key that goes on from all others. */
  wayOn({ next, batch }) {
    const { words } = this.world;
    const [href, name] =
      next === null || !batch.is_open ? ["/worklist/", "to-worklist"] : [`/read/${next}/`, "to-next"];
    return make("a", { href, "aria-keyshortcuts": "Control+Enter" }, words(name));
  }

  #arrive(assignment) {
    this.#goal = null;
    const { code } = this.#current.exam;
    this.world.onArrive(assignment);
    // In the frame that shows the exam: earlier, the browser would compute the page's style once more.
    requestAnimationFrame(() => {
      document.title = document.title.replace(code, assignment.exam.code);
      window.history.pushState(null, "", `/read/${assignment.id}/`);
    });
  }

  /** Of a pool the next exam is known only when the server has this reading: its answer names it. */
  #await() {
    this.#isAwaiting = true;
    this.world.form.disable(true);
    this.world.messages.wait(true);
  }

  /** The server has answered for the last reading: go on, or say that nothing is free now. */
  async #awaited(next) {
    const { outbox, messages, queue } = this.world;
    if (outbox.entries.length > 0) return;
    this.#isAwaiting = false;
    messages.wait(false);
    if (next === null || queue.isDone(next)) messages.finish({ isSending: false, isPooled: true });
    else await this.travel(next);
  }

  /** Load the exams ahead, draw the next one where it is not seen, and load what this one is compared with. */
  async #lookAhead() {
    const { queue, viewer, clock } = this.world;
    const current = this.#current;
    try {
      await queue.loadAhead(current, async (next, signal) => {
        if (current !== this.#current) return;
        await viewer.prepare(firstTracing(next), signal);
        viewer.dataset.ready = next.id; // going on needs no network now
      });
      await queue.loadPrior(current);
    } catch (error) {
      // The next exam is also fetched when it is wanted, and only then is there something to say.
      if (error instanceof Unreachable)
        clock.after(RETRY_MS, () => current === this.#current && this.#lookAhead());
      else if (!(error instanceof SignedOut || error instanceof Refused)) throw error;
    }
  }

  #report(error) {
    const { messages } = this.world;
    if (error instanceof SignedOut) messages.signIn();
    else if (error instanceof Refused) {
      messages.wait(false);
      messages.refuse(error.message);
    } else throw error;
  }
}

/** Of a pool nobody knows how many exams come. */
function isPooled(assignment) {
  return assignment.queue.total === null;
}
