// Status messages of the desk: position in the queue, state of the draft, unsent submissions, and the final
// screen.

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
   * Show the position in the queue, such as "5 of 30". The displayed exam is counted.
   *
   * @param {Assignment} assignment
   */
  showPlace({ queue, study, batch }) {
    const isPooled = queue.total === null; // the number of remaining exams is unknown
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
   * Show the reader's pace in this session, such as "12 this evening · 41 s each". Null shows nothing.
   *
   * @param {Pace | null} pace
   */
  showPace(pace) {
    this.part("pace").textContent = pace ? this.words(`pace-${pace.part}`, pace) : "";
  }

  /**
   * Show a link to the exam that was skipped for now.
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
   * Link to the last submitted exam. Called once the server has the reading.
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
    const first = find(places[0], "a"); // only the first link has the keyboard shortcut
    first.setAttribute("aria-keyshortcuts", "Shift+E");
    first.dataset.keyLabel = this.words("last-exam-key");
  }

  /** Offer to sign in again. Unsent entries stay on this device. */
  signIn() {
    const href = `/sign-in/?next=${encodeURIComponent(window.location.pathname)}`;
    this.#banner(this.words("signed-out"), make("a", { href }, this.words("sign-in")));
  }

  /**
   * Show why the server refused a request, with a link to the worklist.
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
   * Show the final screen, and whether submissions are still being sent.
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
