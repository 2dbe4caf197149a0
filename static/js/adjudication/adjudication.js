// The adjudication desk: shows the sheet and the classes in dispute, and submits the decisions.

import * as api from "../api.js";
import { backoffMs, clock } from "../clock.js";
import { detailOf, embedded, find, make, partsOf } from "../dom.js";
import { bindHotkeys } from "../desk/keyboard/hotkeys.js";
import { Help } from "../desk/keyboard/help.js";
import { Keys } from "../desk/keyboard/keys.js";
import { SheetBar } from "../desk/sheet/sheet_bar.js";
import { Catalog } from "../desk/state/catalog.js";
import { Stopwatch } from "../desk/state/stopwatch.js";
import { openStore, recover } from "../desk/storage/device.js";
import { decode } from "../ecg/signal.js";
import "../ecg/viewer.js";
import { createTexts } from "../texts.js";
import { Tools } from "../tools/tools.js";
import * as state from "./decisions.js";
import { AdjudicationForm } from "./form.js";
import { ReaderMarks } from "./reader_marks.js";

/** @import { EcgViewer } from "../ecg/viewer.js" */
/** @import { Intents } from "./form.js" */
/** @import { Answer, Case, Decisions } from "./types.js" */

/** @typedef {{key: string, decisions: Decisions, isSent: boolean}} Stored `isSent`: Submit was pressed */

class AdjudicationDesk {
  /** @type {Decisions} */
  #decisions;
  /** @type {string | null} */
  #selected;
  #isSending = false;

  /**
   * @param {HTMLElement} root
   * @param {Case} given
   */
  constructor(root, given) {
    const reader = root.dataset.reader ?? "";
    const language = document.documentElement.lang;
    this.root = root;
    this.case = given;
    this.reader = reader;
    this.part = partsOf(root);
    this.words = createTexts(embedded("texts"));
    this.catalog = new Catalog(embedded("classes"), language);
    this.store = openStore(reader);
    this.stopwatch = new Stopwatch(clock.now());
    /** @type {string} */
    this.key = crypto.randomUUID();
    this.viewer = /** @type {EcgViewer} */ (find(root, "ecg-viewer"));
    this.viewer.words = {
      missing: this.words("lead-not-recorded"),
      flat: this.words("lead-flat"),
      derived: this.words("lead-derived"),
    };
    const tracing = () => this.#tracing;
    this.bar = new SheetBar(root, this.viewer, {
      store: this.store,
      words: this.words,
      language,
      onTracing: ({ href }) => this.#showTracing(href),
    });
    this.tools = new Tools(root, this.viewer, {
      words: this.words,
      nameOf: (code) => this.catalog.name(code),
      tracing,
    });
    this.marks = new ReaderMarks(this.viewer, { tracing });
    this.help = new Help(this.part("help-dialog", HTMLDialogElement), {
      desk: root,
      keys: new Keys(root, this.store),
      store: this.store,
      words: this.words,
    });
    this.form = new AdjudicationForm(find(root, "form", HTMLFormElement), {
      catalog: this.catalog,
      words: this.words,
      intents: this.#intents(),
    });
    this.#decisions = state.begin(given);
    this.#selected = given.asked[0] ?? null;
    this.#listen();
  }

  async start() {
    await recover(this.store, this.reader);
    this.bar.showExam(this.case.exam);
    const stored = this.#restore();
    this.#render();
    await this.#showTracing(this.case.exam.tracings[0].href);
    this.#loadAhead();
    if (stored?.isSent) await this.#send();
  }

  /** The position of the displayed tracing in this exam; null while the previous exam is displayed. */
  get #tracing() {
    const { shown } = this.bar.tabs;
    return shown?.daysBefore === null ? shown.position : null;
  }

  get #storedAs() {
    return `adjudication/${this.case.id}/${this.case.due}`;
  }

  get #canDecide() {
    return this.case.due !== null && this.case.batch.is_open && !this.#isSending;
  }

  #restore() {
    /** @type {Stored | null} */
    const stored = this.case.due === null ? null : this.store.read(this.#storedAs);
    for (const name of this.store.names(`adjudication/${this.case.id}/`))
      if (name !== this.#storedAs) this.store.remove(name); // left from a stage that has since been decided
    const decisions = state.restore(this.case, stored?.decisions ?? null);
    if (stored && decisions) {
      this.key = stored.key;
      this.#decisions = decisions;
    }
    return decisions ? stored : null;
  }

  #listen() {
    find(this.root, "[data-part=help]").addEventListener("click", () => this.help.open());
    bindHotkeys(document, {
      singleKeys: () => this.help.singleKeys,
      scope: () => document.querySelector("dialog[open]") ?? this.root,
    });
    for (const activity of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      document.addEventListener(activity, () => this.stopwatch.mark(clock.now()), { passive: true });
    }
    document.addEventListener("visibilitychange", () =>
      this.stopwatch.setVisible(!document.hidden, clock.now()),
    );
    this.viewer.addEventListener("measurement", (event) => this.#keepMeasurement(detailOf(event)));
  }

  /** @returns {Intents} */
  #intents() {
    return {
      select: (code) => this.#select(code),
      selectNext: () => this.#selectNext(),
      answer: (code, answer) => this.#answer(code, answer),
      reason: (code, reason) =>
        this.#change(state.withEntry(this.#decisions, code, { reason }), { isText: true }),
      readability: (isReadable) => this.#change({ ...this.#decisions, isReadable }),
      overrule: (code) => this.#overrule(code),
      audit: (change) => this.#change({ ...this.#decisions, audit: { ...this.#decisions.audit, ...change } }),
      comment: (comment) => this.#change({ ...this.#decisions, comment }, { isText: true }),
      majority: () => this.#change(state.followMajority(this.case, this.#decisions)),
      defer: () => this.#defer(),
      submit: () => this.#submit(),
    };
  }

  /**
   * @param {string} code
   * @param {Answer} answer
   */
  #answer(code, answer) {
    const isExclusive = (/** @type {string} */ one) => this.catalog.isExclusive(one);
    this.#change(state.give(this.#decisions, code, answer, isExclusive), { then: code });
  }

  /** @param {string | null} code */
  #select(code) {
    if (code === this.#selected) return;
    this.#selected = code;
    this.#render();
  }

  /** Select the next class; after the last one, the first. */
  #selectNext() {
    const codes = Object.keys(this.#decisions.entries);
    if (codes.length === 0) return;
    const place = this.#selected === null ? -1 : codes.indexOf(this.#selected);
    this.#select(codes[(place + 1) % codes.length]);
  }

  /**
   * @param {Decisions} decisions
   * @param {{then?: string, isText?: boolean}} [how] `then`: select the next class without an answer after
   *   this one. `isText`: a field holds the change already.
   */
  #change(decisions, { then, isText = false } = {}) {
    if (!this.#canDecide) return;
    this.#decisions = decisions;
    this.#keep({ isSent: false });
    if (then && decisions.entries[then].answer !== null) this.#selected = this.#nextOpen(then);
    this.form.say("");
    if (!isText) this.#render();
  }

  /** @param {string} code */
  #nextOpen(code) {
    const codes = Object.keys(this.#decisions.entries);
    const place = codes.indexOf(code);
    const inTurn = [...codes.slice(place + 1), ...codes.slice(0, place)];
    return inTurn.find((other) => this.#decisions.entries[other].answer === null) ?? code;
  }

  /** @param {string} code */
  #overrule(code) {
    this.#change(state.overrule(this.case, this.#decisions, code));
    const isNew = code in this.#decisions.entries;
    this.#select(isNew ? code : (this.case.asked[0] ?? null));
    if (isNew) this.form.focusReason(code);
  }

  /**
   * Add a measurement to the reason, because adjudicators have no findings to attach it to.
   *
   * @param {{kind: string, value: number, lead: string | null}} measurement
   */
  #keepMeasurement({ kind, value, lead }) {
    const code = this.#selected;
    if (code === null) return;
    const number = kind === "interval" ? `${Math.round(value)} ms` : `${value.toFixed(2)} mV`;
    const text = [number, lead].filter(Boolean).join(" ");
    const { reason } = this.#decisions.entries[code];
    this.#change(
      state.withEntry(this.#decisions, code, { reason: [reason, text].filter(Boolean).join("; ") }),
    );
  }

  #render() {
    this.form.show(this.case, this.#decisions, this.#selected);
    this.form.disable(!this.#canDecide);
    this.marks.show(this.case.readings, this.#selected);
    this.part("batch").textContent = `${this.case.study.name} · ${this.case.batch.name}`;
    if (this.case.due === null || !this.case.batch.is_open) this.#explainReadOnly();
  }

  #explainReadOnly() {
    const key = this.case.is_waiting ? "waits-for-session" : "decided";
    this.form.say(this.words(this.case.batch.is_open ? key : "batch-closed"), { link: this.#nextLink() });
  }

  #nextLink() {
    const { next, batch } = this.case;
    const [href, key] =
      next === null || !batch.is_open ? ["/worklist/", "to-worklist"] : [`/read/${next}/`, "to-next"];
    return make("a", { href, "aria-keyshortcuts": "Control+Enter" }, this.words(key));
  }

  /** @param {{isSent: boolean}} how */
  #keep({ isSent }) {
    const isKept = this.store.write(this.#storedAs, { key: this.key, decisions: this.#decisions, isSent });
    const draftState = this.part("draft-state");
    draftState.textContent = this.words(isKept ? "kept-here" : "draft-not-saved");
    draftState.dataset.state = isKept ? "saved" : "unkept";
  }

  async #submit() {
    if (!this.#canDecide) return;
    const found = state.obstacle(this.case, this.#decisions);
    if (found) {
      const [key, code] = found;
      if (code) this.#select(code);
      this.form.say(this.words(key, { name: code ? this.catalog.name(code) : "" }), { isAsking: true });
      if (code && key === "reason-missing") this.form.focusReason(code);
      return;
    }
    this.#keep({ isSent: true });
    await this.#send();
  }

  /**
   * Send the decisions. Until the server has them, they stay on this device and are sent again.
   *
   * @param {number} [tries]
   * @returns {Promise<void>}
   */
  async #send(tries = 0) {
    if (this.case.due === null) return;
    this.#isSending = true;
    this.form.disable(true);
    const now = clock.now();
    const effort = {
      active_ms: this.stopwatch.activeMs(now),
      idle_ms: this.stopwatch.idleMs(now),
      display: this.viewer.display,
    };
    const request = { ...state.request(this.case, this.#decisions, this.case.due), ...effort };
    try {
      const answer = await api.submitAdjudication(this.case.id, request, this.key);
      this.store.remove(this.#storedAs);
      this.#isSending = false;
      this.#proceed(answer);
    } catch (error) {
      if (error instanceof api.Unreachable) {
        this.form.say(this.words("not-sent-yet"));
        clock.after(backoffMs(tries), () => this.#send(tries + 1));
      } else this.#stop(error);
    }
  }

  /**
   * Let the adjudicator go on after a refusal. What they entered is kept.
   *
   * @param {unknown} error
   */
  #stop(error) {
    this.#isSending = false;
    this.#keep({ isSent: false });
    this.form.disable(false);
    if (error instanceof api.SignedOut) {
      const href = `/sign-in/?next=${encodeURIComponent(window.location.pathname)}`;
      this.form.say(this.words("signed-out"), { link: make("a", { href }, this.words("sign-in")) });
    } else if (error instanceof api.Refused) this.form.say(error.message, { isAsking: true });
    else throw error;
  }

  /**
   * Show the next stage of this exam, or go to the next exam.
   *
   * @param {Case} answer
   */
  #proceed(answer) {
    if (answer.due === null) {
      window.location.assign(answer.next === null ? "/worklist/" : `/read/${answer.next}/`);
      return;
    }
    this.case = answer;
    this.key = crypto.randomUUID();
    this.stopwatch = new Stopwatch(clock.now());
    this.#decisions = state.begin(answer);
    this.#selected = answer.asked[0] ?? null;
    this.form.say(this.words("votes-shown"));
    this.#render();
    this.part("code").focus({ preventScroll: true });
  }

  async #defer() {
    if (!this.#canDecide) return;
    try {
      const { next } = await api.deferExam(this.case.id);
      if (next === null) this.form.say(this.words("defer-last"));
      else window.location.assign(`/read/${next}/`);
    } catch (error) {
      if (error instanceof api.Unreachable) this.form.say(this.words("defer-offline"));
      else this.#stop(error);
    }
  }

  /**
   * Show a tracing of the exam. Retry while the server cannot be reached.
   *
   * @param {string} href
   * @returns {Promise<void>}
   */
  async #showTracing(href) {
    try {
      const signal = decode(await api.loadTracing(href));
      await this.viewer.prepare(href, signal);
      this.viewer.show(href);
    } catch (error) {
      if (!(error instanceof api.Unreachable)) throw error;
      this.form.say(this.words("tracing-unreachable"));
      await new Promise((resolve) => clock.after(backoffMs(1), () => resolve(null)));
      return this.#showTracing(href);
    }
  }

  /** Load the next exam's tracing into the browser's cache. */
  async #loadAhead() {
    if (this.case.next === null) return;
    try {
      const { exam } = await api.loadAdjudication(this.case.next);
      await api.loadTracing(exam.tracings[0].href);
    } catch (error) {
      // It is loaded again when it is needed, and errors are shown then.
      if (!(
        error instanceof api.Unreachable ||
        error instanceof api.SignedOut ||
        error instanceof api.Refused
      ))
        throw error;
    }
  }
}

const desk = new AdjudicationDesk(find(document, "#desk"), embedded("case"));
await desk.start();
