// What the page says about itself: the place in the queue, what is saved, what waits, and the end.

import { make, partsOf } from "../dom.js";
import { SECOND } from "./open_exam.js";

/** The words for each state of a draft; a state without words needs none. */
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

const REFUSAL_WORDS = {
  "already-submitted": "refused-already",
  "batch-closed": "refused-closed",
  "stale-draft": "refused-stale",
  "reading-final": "refused-final",
  "not-the-latest": "refused-not-latest",
  "already-revised": "refused-revised",
};

export class Messages {
  /** @param {HTMLElement} root @param {{words: Function}} world */
  constructor(root, { words }) {
    this.root = root;
    this.words = words;
    this.part = partsOf(root);
  }

  /** "5 of 30", counting the exam on view. */
  showPlace({ queue, study, batch }) {
    const isPooled = queue.total === null; // nobody knows how many come
    this.part("place").textContent = this.words(isPooled ? "place-pooled" : "place", {
      position: queue.position,
      total: queue.total,
    });
    this.part("progress").hidden = isPooled;
    this.part("progress").max = queue.total ?? 1;
    this.part("progress").value = queue.position;
    this.part("batch").textContent = `${study.name} · ${batch.name}`;
  }

  /** "12 this evening · 41 s each": of one's own sitting, null before the first. */
  showPace(pace) {
    this.part("pace").textContent = pace ? this.words(`pace-${pace.part}`, pace) : "";
  }

  /** The exam was put off; it can be opened again any time. */
  noteDeferred({ id, exam: { code } }) {
    this.#last(make("a", { href: `/read/${id}/` }, this.words("deferred", { code })));
  }

  showDraft(draft) {
    const isSecond = draft.of === SECOND && draft.state === "kept-here";
    const known = isSecond ? "second-here" : DRAFT_WORDS[draft.state];
    const key = draft.isKept ? known : "draft-unkept";
    const state = this.part("draft-state");
    state.textContent = key ? this.words(key) : "";
    state.dataset.state = draft.isKept ? draft.state : "unkept";
    if (draft.state === "signed-out") this.signIn();
  }

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

  /** An exam was submitted: now that the server has the reading, a link leads back to it. */
  showLast({ id, code }) {
    if (code) this.#last(make("a", { href: `/read/${id}/` }, this.words("last-exam", { code })));
  }

  #last(link) {
    const places = [...this.root.querySelectorAll("[data-last-exam]")];
    for (const place of places) place.replaceChildren(link.cloneNode(true));
    const first = places[0].firstElementChild; // the key belongs to one of them
    first.setAttribute("aria-keyshortcuts", "Shift+E");
    first.dataset.keyLabel = this.words("last-exam-key");
  }

  /** Offer the way back to a session; what was read stays on this device. */
  signIn() {
    const href = `/sign-in/?next=${encodeURIComponent(window.location.pathname)}`;
    this.#banner(this.words("signed-out"), make("a", { href }, this.words("sign-in")));
  }

  /** The server gives no more here: the worklist is the way on. */
  refuse(sentence) {
    this.#banner(sentence, make("a", { href: "/worklist/" }, this.words("to-worklist")));
  }

  say(sentence) {
    this.#banner(sentence);
  }

  wait(isWaiting) {
    this.root.classList.toggle("is-waiting", isWaiting);
    this.part("waiting").hidden = !isWaiting;
  }

  get isFinished() {
    return this.root.classList.contains("is-finished");
  }

  /** The queue is empty: a friendly end, and whether something is still on its way. */
  finish({ isSending, isPooled = false }) {
    if (isPooled) {
      this.part("finished-title").textContent = this.words("pool-empty");
      this.part("finished-why").textContent = this.words("pool-empty-why");
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

  #refused({ entry, kind, problem }) {
    const key = REFUSAL_WORDS[kind];
    const sentence = key
      ? this.words(key)
      : this.words("refused", { reason: problem.detail || problem.title });
    this.#banner(sentence, make("a", { href: `/read/${entry.assignment}/` }, this.words("open-it")));
  }

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
