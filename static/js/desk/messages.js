// Status messages of the desk: the place in the queue, what is saved, what waits, and the end.

import { find, findAll, make, partsOf } from "../dom.js";
import { SECOND } from "./open_exam.js";

/** @import { Words } from "../texts.js" */
/** @import { Pace } from "./state/pace.js" */
/** @import { Draft } from "./storage/draft.js" */
/** @import { Assignment, OutboxEvent, RefusedEvent } from "./types.js" */

/**
 * Text keys for the states of a draft; other states need no text.
 *
 * @type {Record<string, string | undefined>}
 */
const DRAFT_WORDS = {
  saving: "draft-saving",
  saved: "draft-saved",
  offline: "draft-offline",
  "signed-out": "draft-signed-out",
  "changed-elsewhere": "draft-elsewhere",
  "kept-here": "draft-here",
  closed: "batch-closed",
  refused: "draft-refused",
};

export class Messages {
  /**
   * @param {HTMLElement} root
   * @param {{words: Words}} deps
   */
  constructor(root, { words }) {
    this.root = root;
    this.words = words;
    this.part = partsOf(root);
  }

  /**
   * "5 of 30", counting the exam on view.
   *
   * @param {Assignment} assignment
   */
  showPlace({ queue, study, batch }) {
    const isPooled = queue.total === null; // nobody knows how many follow
    this.part("place").textContent = this.words(isPooled ? "position-pooled" : "position", {
      position: queue.position,
      total: queue.total,
    });
    const progress = this.part("progress", HTMLProgressElement);
    progress.hidden = isPooled;
    progress.max = queue.total ?? 1;
    progress.value = queue.position;
    this.part("batch").textContent = `${study.name} · ${batch.name}`;
  }

  /**
   * "12 this evening · 41 s each": the reader's own session, null before the first.
   *
   * @param {Pace | null} pace
   */
  showPace(pace) {
    this.part("pace").textContent = pace ? this.words(`pace-${pace.part}`, pace) : "";
  }

  /**
   * The exam was skipped for now; it can be opened again any time.
   *
   * @param {Pick<Assignment, "id" | "exam">} assignment
   */
  noteDeferred({ id, exam: { code } }) {
    this.#showLink(make("a", { href: `/read/${id}/` }, this.words("deferred", { code })));
  }

  /** @param {Draft} draft */
  showDraft(draft) {
    const isSecond = draft.of === SECOND && draft.state === "kept-here";
    const stateKey = isSecond ? "second-reading-saved" : DRAFT_WORDS[draft.state];
    const key = draft.isKept ? stateKey : "draft-not-saved";
    const state = this.part("draft-state");
    state.textContent = key ? this.words(key) : "";
    state.dataset.state = draft.isKept ? draft.state : "unkept";
    if (draft.state === "signed-out") this.signIn();
  }

  /** @param {OutboxEvent} event */
  showOutbox(event) {
    if (event.type === "waiting") {
      this.part("outbox").textContent = this.words(`outbox-${event.why}`, { count: event.count });
      if (event.why === "signed-out") this.signIn();
    }
    if (event.type === "sent") {
      this.part("outbox").textContent = "";
      this.part("finished-sending").hidden = true;
    }
    if (event.type === "accepted") this.showLast({ id: event.entry.assignment, code: event.entry.code });
    if (event.type === "refused") this.#refused(event);
  }

  /**
   * An exam was submitted: now that the server has the reading, link back to it.
   *
   * @param {{id: number | string, code: string}} last
   */
  showLast({ id, code }) {
    if (code) this.#showLink(make("a", { href: `/read/${id}/` }, this.words("last-exam", { code })));
  }

  /** @param {HTMLElement} link */
  #showLink(link) {
    const places = findAll(this.root, "[data-last-exam]");
    for (const place of places) place.replaceChildren(link.cloneNode(true));
    const first = find(places[0], "a"); // the key belongs to the first
    first.setAttribute("aria-keyshortcuts", "Shift+E");
    first.dataset.keyLabel = this.words("last-exam-key");
  }

  /** Offer to sign in again; what was entered stays on this device. */
  signIn() {
    const href = `/sign-in/?next=${encodeURIComponent(window.location.pathname)}`;
    this.#banner(this.words("signed-out"), make("a", { href }, this.words("sign-in")));
  }

  /**
   * The server refuses to go on: link to the worklist.
   *
   * @param {string} sentence
   */
  refuse(sentence) {
    this.#banner(sentence, make("a", { href: "/worklist/" }, this.words("to-worklist")));
  }

  /** @param {string} sentence */
  say(sentence) {
    this.#banner(sentence);
  }

  /** @param {boolean} isWaiting */
  wait(isWaiting) {
    this.root.classList.toggle("is-waiting", isWaiting);
    this.part("waiting").hidden = !isWaiting;
  }

  get isFinished() {
    return this.root.classList.contains("is-finished");
  }

  /**
   * The queue is empty: say so, and whether something is still being sent.
   *
   * @param {{isSending: boolean, isPooled?: boolean}} state
   */
  finish({ isSending, isPooled = false }) {
    if (isPooled) {
      this.part("finished-title").textContent = this.words("pool-empty");
      this.part("finished-reason").textContent = this.words("pool-empty-reason");
    }
    this.root.classList.add("is-finished");
    this.part("finished").hidden = false;
    this.part("finished-sending").hidden = !isSending;
    this.part("finished-title").focus();
  }

  resume() {
    this.root.classList.remove("is-finished");
    this.part("finished").hidden = true;
  }

  /** @param {RefusedEvent} event */
  #refused({ entry, problem }) {
    const sentence = this.words("refused", { reason: problem.detail || problem.title });
    this.#banner(sentence, make("a", { href: `/read/${entry.assignment}/` }, this.words("open-exam")));
  }

  /**
   * @param {string} sentence
   * @param {HTMLElement} [link]
   */
  #banner(sentence, link) {
    const close = make(
      "button",
      { type: "button", class: "icon-button", "aria-label": this.words("dismiss") },
      "×",
    );
    const banner = this.part("banner");
    close.addEventListener("click", () => banner.replaceChildren());
    banner.replaceChildren(make("p", {}, sentence, " ", link), close);
  }
}
