// What the criteria model says of an exam: beside the reader's own signed reading and never before it, unless the arm
// of the study shows it while reading; and what the reader makes of each suggestion, one by one. What was not seen yet is
// asked for by a button only: from then on the reading is final.

import { Refused, SignedOut, Unreachable } from "../api.js";
import { keepingFocus, make } from "../dom.js";
import { decided, isConfirmed, isShared, readouts, standings } from "./state/model_answer.js";
import { evidenceText, measuredText, silences, silenceText } from "./state/verdicts.js";

/** What a reader may make of a suggestion, and by which key: three neighbours under one finger. */
const VERDICT_KEYS = [
  ["accepted", "y"],
  ["rejected", "t"],
  ["uncertain", "h"],
];

export class Suggestions {
  #assignment = null;
  #answer = null;
  #active = null;

  /**
   * @param {HTMLElement} root
   * @param {{api: object, catalogue: object, words: Function, onSignedOut: Function, decisions: () => object,
   *   mayDecide: () => boolean, onDecide: (code: string, verdict: string) => void,
   *   onShow: (suggestion: object | null) => void, onView: (id: number | null) => void}} world
   *   `onShow` is told which suggestion is at hand, `onView` whose suggestions are on view.
   */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    root.addEventListener?.("click", ({ target }) => this.#click(target.closest("button")));
    root.addEventListener?.("keydown", (event) => this.#move(event));
  }

  /** Show what the model says of `assignment` if it may be asked; else ask nothing and show nothing. */
  async show(assignment) {
    const isSame = this.#answer !== null && this.#assignment?.id === assignment.id;
    if (isSame && mayAsk(assignment)) {
      this.#assignment = assignment;
      return this.#draw();
    }
    this.leave();
    if (isOffered(assignment)) return this.#offer(assignment);
    if (!mayAsk(assignment)) return undefined;
    this.#assignment = assignment;
    const parts = await this.#ask(assignment);
    // Meanwhile another exam may have come on view, or the reader may have left this one.
    if (assignment !== this.#assignment || parts === null) return undefined;
    this.root.replaceChildren(this.#title(), ...parts);
    this.root.hidden = false;
    return undefined;
  }

  /** A button shows what the model says; while the reading can be corrected, it tells that this ends. */
  #offer(assignment) {
    const { words } = this.world;
    const text = words(assignment.undo_until ? "model-see-final" : "model-see");
    this.#assignment = assignment;
    this.root.replaceChildren(
      this.#title(),
      make(
        "button",
        {
          type: "button",
          class: "button-link",
          "data-part": "see-suggestions",
          "aria-keyshortcuts": "s",
          "data-key-label": words("model-see"),
        },
        text,
        " ",
        make("kbd", {}, "S"),
      ),
    );
    this.root.hidden = false;
  }

  /** The reader wants to see them; who pressed the button itself goes on in what takes its place. */
  async #see() {
    const isInside = this.root.contains(document.activeElement);
    Object.assign(this.#assignment, { suggestions: "shown", undo_until: null });
    await this.show(this.#assignment);
    if (isInside) this.root.querySelector("[aria-current]")?.focus();
  }

  /** The decisions have changed. */
  refresh() {
    if (this.#answer) this.#draw();
  }

  /** Nothing of another exam stays on view, and nothing that is still asked for comes to it. */
  leave() {
    this.root.hidden = true;
    this.#assignment = null;
    this.#answer = null;
    this.#active = null;
    this.world.onView?.(null);
    this.world.onShow?.(null);
  }

  /** The parts of the panel, or null when there is nothing to show. */
  async #ask(assignment) {
    const { api, words, onSignedOut, onView } = this.world;
    try {
      const answer = await api.loadSuggestions(assignment.id);
      if (assignment !== this.#assignment) return null;
      this.#answer = answer;
      this.#active = this.#named()[0]?.class ?? null;
      onView(assignment.id);
      this.#tell();
      return this.#panel();
    } catch (error) {
      if (error instanceof Unreachable) return [make("p", {}, words("model-unreachable"))];
      if (error instanceof SignedOut) onSignedOut();
      // Not found: the study shows none, or the model has not looked at this exam.
      else if (!(error instanceof Refused)) throw error;
      return null;
    }
  }

  /** The panel is made anew; whoever is in it by key stays where they were. */
  #draw() {
    const open = [...this.root.querySelectorAll("details[open]")].map((one) => one.dataset.part);
    keepingFocus(this.root, () => {
      this.root.replaceChildren(this.#title(), ...this.#panel());
      for (const one of this.root.querySelectorAll("details")) one.open = open.includes(one.dataset.part);
    });
    // The second reading brings the whole form back above it.
    this.root.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  }

  #click(button) {
    if (button?.dataset.part === "see-suggestions") this.#see();
    else if (button?.dataset.suggestion) this.#take(button.dataset.suggestion);
    else if (button?.dataset.verdict) this.#decide(button.dataset.of, button.dataset.verdict);
  }

  /** Take the suggestion of `code` at hand: its evidence is drawn and its keys work. */
  #take(code) {
    this.#active = code;
    this.#draw();
    this.#tell();
    this.root.querySelector(`[data-suggestion="${CSS.escape(code)}"]`).focus();
  }

  #decide(code, verdict) {
    this.#active = code;
    this.#tell();
    this.world.onDecide(code, verdict);
  }

  #tell() {
    const suggestion = this.#named().find((one) => one.class === this.#active);
    this.world.onShow(suggestion ? { ...suggestion, marks: this.#marks(suggestion) } : null);
  }

  /** Within the list the arrows go from suggestion to suggestion. */
  #move(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || !event.target.closest(".suggested")) return;
    const codes = this.#named().map((one) => one.class);
    const next = codes[codes.indexOf(this.#active) + by];
    event.preventDefault();
    if (next) this.#take(next);
  }

  #title() {
    return make("h2", { id: "suggestions-title" }, this.world.words("model-title"));
  }

  #named() {
    return this.#answer.suggestions.filter((one) => this.world.catalogue.has(one.class));
  }

  #panel() {
    const { words, catalogue } = this.world;
    const { model, version, covered_classes: covered, verdicts } = this.#answer;
    const named = this.#named();
    return [
      make("p", { class: "model-name" }, words("model-name", { model, version })),
      this.#invitation(named),
      named.length > 0
        ? make("ul", { class: "suggested" }, ...named.map((one, i) => this.#suggestion(one, i, named)))
        : make("p", {}, words("model-suggests-none")),
      this.#standings(),
      ...this.#silences(verdicts ?? []),
      this.#measurements(this.#answer),
      make(
        "p",
        { class: "model-scope" },
        words("model-scope", { covered: covered.length, total: catalogue.classes.length }),
      ),
      verdicts?.length
        ? null
        : make(
            "details",
            { class: "model-scope", "data-part": "covered" },
            make("summary", {}, words("model-covered")),
            covered
              .filter((code) => catalogue.has(code))
              .map((code) => catalogue.name(code))
              .join(" · "),
          ),
    ].filter((part) => part !== null);
  }

  /** What the reader can do here: decide while reading, read a second time afterwards, or look. */
  #invitation(named) {
    const { words, mayDecide, isRevising } = this.world;
    if (this.#assignment.revision) return make("p", { class: "model-invitation" }, words("revised-already"));
    if (!mayDecide() || isRevising()) return null;
    if (this.#assignment.state !== "submitted")
      return named.length > 0 ? make("p", { class: "model-invitation" }, words("model-decide")) : null;
    return make(
      "div",
      { class: "model-invitation" },
      make("p", {}, words("model-revise")),
      make(
        "button",
        {
          type: "button",
          class: "button-link",
          "data-part": "revise",
          "data-focus": "revise",
          "aria-keyshortcuts": "Shift+Y",
          "data-key-label": words("revise-key"),
        },
        words("revise"),
        " ",
        make("kbd", {}, "⇧ Y"),
      ),
    );
  }

  /** What is checked and not suggested: withheld with its reason, and behind a click what is not met. */
  #silences(verdicts) {
    const { words, catalogue } = this.world;
    const { withheld, notMet } = silences(verdicts, catalogue);
    const line = (verdict) =>
      make(
        "li",
        { title: catalogue.definition(verdict.class) },
        make("span", { class: "silent-class" }, catalogue.name(verdict.class)),
        make("span", { class: "evidence" }, silenceText(verdict, words, language())),
      );
    const list = (lines) => make("ul", { class: "silences" }, ...lines.map(line));
    return [
      withheld.length > 0 ? make("h3", {}, words("model-withheld")) : null,
      withheld.length > 0 ? list(withheld) : null,
      notMet.length > 0
        ? make(
            "details",
            { class: "not-met", "data-part": "not-met" },
            make("summary", {}, words("model-not-met", { count: notMet.length })),
            list(notMet),
          )
        : null,
    ];
  }

  /** The verdict behind the suggestion of `code`; versions before 2 of the model gave none. */
  #verdictOf(code) {
    return this.#answer.verdicts?.find((one) => one.class === code && one.state === "suggested");
  }

  /** Where the evidence shows, labelled in the reader's language. */
  #marks({ class: code, marks }) {
    const verdict = this.#verdictOf(code);
    return marks && verdict
      ? { ...marks, text: measuredText(verdict.checks[0], this.world.words, language()) }
      : marks;
  }

  #evidence({ class: code, evidence }) {
    const verdict = this.#verdictOf(code);
    return verdict ? evidenceText(verdict, this.world.words, language()) : evidence;
  }

  #suggestion(suggestion, i, named) {
    const { words, catalogue } = this.world;
    const { class: code } = suggestion;
    const isActive = code === this.#active;
    const next = named[(named.findIndex((one) => one.class === this.#active) + 1) % named.length];
    return make(
      "li",
      { class: isActive ? "is-active" : null, title: catalogue.definition(code) },
      make(
        "button",
        {
          type: "button",
          class: "suggestion-name",
          "data-suggestion": code,
          "data-focus": `suggestion-${code}`,
          "aria-current": isActive ? "true" : null,
          "aria-keyshortcuts": code === next.class ? "s" : null,
          "data-key-label": words("suggestion-next"),
        },
        catalogue.name(code),
      ),
      make("span", { class: "evidence" }, this.#evidence(suggestion)),
      this.#isShared(code) ? make("span", { class: "is-shared" }, words("suggestion-shared")) : null,
      this.#verdicts(code, isActive),
    );
  }

  /** May the reader agree without a second reading? */
  #isShared(code) {
    return this.#assignment.state === "submitted" && isShared(this.#assignment, code);
  }

  /** Three buttons for who may decide, one word for who has decided. */
  #verdicts(code, isActive) {
    const { words, catalogue, mayDecide, decisions, isRevising } = this.world;
    const isAgreed = !isRevising() && isConfirmed(this.#assignment, code);
    const verdict = mayDecide()
      ? (decisions()[code]?.verdict ?? (isAgreed ? "accepted" : undefined))
      : decided(this.#assignment, code);
    if (!mayDecide())
      return verdict ? make("span", { class: `verdict is-${verdict}` }, words(`verdict-${verdict}`)) : null;
    const label = (one) => (one === "accepted" && this.#isShared(code) && !isRevising() ? "agreed" : one);
    const button = ([one, key]) =>
      make(
        "button",
        {
          type: "button",
          class: `verdict-button is-${one}`,
          "data-verdict": one,
          "data-of": code,
          "data-focus": `${one}-${code}`,
          "aria-pressed": String(one === verdict),
          "aria-label": words(`decide-${label(one)}-name`, { name: catalogue.name(code) }),
          "aria-keyshortcuts": isActive ? key : null,
          "data-key-label": words(`decide-${one}-key`),
        },
        words(`decide-${label(one)}`),
        isActive ? make("kbd", {}, key.toUpperCase()) : null,
      );
    return make("div", { class: "verdicts" }, ...VERDICT_KEYS.map(button));
  }

  /** What the reader found and the model did not: a silence has two meanings. */
  #standings() {
    const { words, catalogue } = this.world;
    const { reading } = this.#assignment;
    if (!reading) return null; // shown while reading: nothing is signed that could be compared
    const lines = standings(
      reading.findings.map((finding) => finding.class),
      this.#answer,
    );
    if (lines.length === 0) return null;
    const line = ({ code, standing }) =>
      make("li", {}, words(`model-${standing}`, { name: catalogue.name(code) }));
    return make("ul", { class: "standings" }, ...lines.map(line));
  }

  #measurements({ measurements, qt_correction: formula }) {
    const { words } = this.world;
    const rows = readouts(measurements, formula, language());
    if (rows.length === 0) return make("p", {}, words("measured-nothing"));
    const cells = ({ name, text, nBeats, reason }) => [
      make("dt", {}, words(name)),
      make(
        "dd",
        {},
        text === null ? words("measured-not") : text,
        make(
          "span",
          {},
          text === null ? reasonText(reason, words) : words("measured-beats", { count: nBeats }),
        ),
      ),
    ];
    return make("dl", { class: "measured" }, ...rows.flatMap(cells));
  }
}

function language() {
  return document.documentElement.lang;
}

/** Why there is no number; versions before 2 of the model stored a sentence instead of a code. */
function reasonText(reason, words) {
  return /^[a-z0-9_]+$/.test(reason) ? words(`missing-${reason}`) : reason;
}

/**
 * Only of what is signed may the model be asked, and only once its reader wants to see it, unless the arm of the study
 * shows it while reading; a reading still on its way is not signed yet.
 */
export function mayAsk({ state, reading, suggestions, is_shown_suggestions: isShown = false }) {
  return isShown || (state === "submitted" && Boolean(reading) && suggestions === "shown");
}

/** Is there something to see that its reader has not asked for yet? */
export function isOffered({ state, reading, suggestions }) {
  return state === "submitted" && Boolean(reading) && suggestions === "offered";
}
