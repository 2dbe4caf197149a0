// The criteria model's suggestions: shown beside the reader's signed reading and never before it, unless the
// study arm shows them while reading. The reader decides on each. Suggestions that were not seen yet are
// loaded by a button only: from then on the reading is final.

import { Refused, SignedOut, Unreachable } from "../../api.js";
import { closestTo, find, findAll, keepFocus, make } from "../../dom.js";
import { comparisons, decided, isConfirmed, isShared, readouts } from "../state/model_answer.js";
import { evidenceText, measuredText, notSuggested, notSuggestedText } from "../state/verdicts.js";

/** @import { Words } from "../../texts.js" */
/** @import { Catalogue } from "../state/catalogue.js" */
/** @import { Decisions } from "../state/decisions.js" */
/** @import { Assignment, Decision, Suggestion, SuggestionsAnswer, Verdict } from "../types.js" */

/**
 * @typedef {object} SuggestionsDeps
 * @property {Pick<typeof import("../../api.js"), "loadSuggestions">} api
 * @property {Catalogue} catalogue
 * @property {Words} words
 * @property {() => void} onSignedOut
 * @property {() => Decisions} decisions
 * @property {() => boolean} mayDecide
 * @property {() => boolean} isRevising
 * @property {(code: string, verdict: Decision) => void} onDecide
 * @property {(suggestion: Suggestion | null) => void} onShow called with the selected suggestion
 * @property {(id: number | null) => void} onView called with the assignment whose suggestions are on view
 */

/**
 * The possible decisions and their keys: three neighbors under one finger.
 *
 * @type {[Decision, string][]}
 */
const VERDICT_KEYS = [
  ["accepted", "y"],
  ["rejected", "t"],
  ["uncertain", "h"],
];

export class Suggestions {
  /** @type {Assignment | null} */
  #assignment = null;

  /** @type {SuggestionsAnswer | null} */
  #answer = null;

  /**
   * The class of the selected suggestion.
   *
   * @type {string | null}
   */
  #selected = null;

  /**
   * @param {HTMLElement} root
   * @param {SuggestionsDeps} deps
   */
  constructor(root, deps) {
    this.root = root;
    this.deps = deps;
    root.addEventListener("click", (event) => this.#click(closestTo(event, "button")));
    root.addEventListener("keydown", (event) => this.#move(event));
  }

  /**
   * Show the suggestions on `assignment`, or the button that loads them, or nothing if they may not be shown.
   *
   * @param {Assignment} assignment
   * @returns {Promise<void>}
   */
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
    // Meanwhile another exam may have opened, or the reader may have left this one.
    if (assignment !== this.#assignment || parts === null) return undefined;
    this.root.replaceChildren(this.#title(), ...parts);
    this.root.hidden = false;
    return undefined;
  }

  /**
   * A button that shows the suggestions; while the reading can be taken back, it says that this ends.
   *
   * @param {Assignment} assignment
   */
  #offer(assignment) {
    const { words } = this.deps;
    const text = words(assignment.undo_until ? "model-show-final" : "model-show");
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
          "data-key-label": words("model-show"),
        },
        text,
        " ",
        make("kbd", {}, "S"),
      ),
    );
    this.root.hidden = false;
  }

  /** Show the suggestions; if the button had focus, move it to the first suggestion. */
  async #see() {
    const isInside = this.root.contains(document.activeElement);
    const assignment = this.#assignment;
    if (!assignment) return;
    Object.assign(assignment, { suggestions: "shown", undo_until: null });
    await this.show(assignment);
    const [first] = findAll(this.root, "[aria-current]");
    if (isInside) first?.focus();
  }

  /** The decisions have changed. */
  refresh() {
    if (this.#answer) this.#draw();
  }

  /** Clear the panel, and ignore an answer that is still on its way. */
  leave() {
    this.root.hidden = true;
    this.#assignment = null;
    this.#answer = null;
    this.#selected = null;
    this.deps.onView(null);
    this.deps.onShow(null);
  }

  /**
   * The parts of the panel, or null when there is nothing to show.
   *
   * @param {Assignment} assignment
   */
  async #ask(assignment) {
    const { api, words, onSignedOut, onView } = this.deps;
    try {
      const answer = await api.loadSuggestions(assignment.id);
      if (assignment !== this.#assignment) return null;
      this.#answer = answer;
      this.#selected = this.#known()[0]?.class ?? null;
      onView(assignment.id);
      this.#showEvidence();
      return this.#panel();
    } catch (error) {
      if (error instanceof Unreachable) return [make("p", {}, words("model-unreachable"))];
      if (error instanceof SignedOut) onSignedOut();
      // Not found: the study shows none, or the model has not run on this exam.
      else if (!(error instanceof Refused)) throw error;
      return null;
    }
  }

  /** Rebuild the panel; keyboard focus stays where it was. */
  #draw() {
    const open = findAll(this.root, "details[open]").map((one) => one.dataset.part);
    keepFocus(this.root, () => {
      this.root.replaceChildren(this.#title(), ...this.#panel());
      for (const one of findAll(this.root, "details", HTMLDetailsElement))
        one.open = open.includes(one.dataset.part);
    });
    // Starting the second reading brings back the whole form above the panel.
    this.root.querySelector(".is-active")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {HTMLElement | null} button */
  #click(button) {
    if (button?.dataset.part === "see-suggestions") this.#see();
    else if (button?.dataset.suggestion) this.#select(button.dataset.suggestion);
    else if (button?.dataset.verdict)
      this.#decide(button.dataset.of ?? "", /** @type {Decision} */ (button.dataset.verdict));
  }

  /**
   * Select the suggestion of `code`: its evidence is drawn and its keys work.
   *
   * @param {string} code
   */
  #select(code) {
    this.#selected = code;
    this.#draw();
    this.#showEvidence();
    find(this.root, `[data-suggestion="${CSS.escape(code)}"]`).focus();
  }

  /**
   * @param {string} code
   * @param {Decision} verdict
   */
  #decide(code, verdict) {
    this.#selected = code;
    this.#showEvidence();
    this.deps.onDecide(code, verdict);
  }

  #showEvidence() {
    const suggestion = this.#known().find((one) => one.class === this.#selected);
    this.deps.onShow(suggestion ? { ...suggestion, marks: this.#marks(suggestion) } : null);
  }

  /**
   * Arrow keys move from suggestion to suggestion.
   *
   * @param {KeyboardEvent} event
   */
  #move(event) {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!by || !closestTo(event, ".suggested")) return;
    const codes = this.#known().map((one) => one.class);
    const next = codes[codes.findIndex((code) => code === this.#selected) + by];
    event.preventDefault();
    if (next) this.#select(next);
  }

  #title() {
    return make("h2", { id: "suggestions-title" }, this.deps.words("model-title"));
  }

  /** The suggestions of classes that the page knows. */
  #known() {
    return (this.#answer?.suggestions ?? []).filter((one) => this.deps.catalogue.has(one.class));
  }

  /** What the panel shows; only while there is an answer. */
  get #current() {
    if (!this.#assignment || !this.#answer) throw new Error("no suggestions are on view");
    return { assignment: this.#assignment, answer: this.#answer };
  }

  #panel() {
    const { words, catalogue } = this.deps;
    const { model, version, covered_classes: covered, verdicts } = this.#current.answer;
    const known = this.#known();
    return [
      make("p", { class: "model-name" }, words("model-name", { model, version })),
      this.#invitation(known),
      known.length > 0
        ? make("ul", { class: "suggested" }, ...known.map((one) => this.#suggestion(one, known)))
        : make("p", {}, words("model-suggests-none")),
      this.#comparisons(),
      ...this.#notSuggested(verdicts ?? []),
      this.#measurements(),
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

  /**
   * What the reader can do here: decide while reading, start a second reading afterwards, or only look.
   *
   * @param {Suggestion[]} known
   */
  #invitation(known) {
    const { words, mayDecide, isRevising } = this.deps;
    const { assignment } = this.#current;
    if (assignment.revision) return make("p", { class: "model-invitation" }, words("revised-already"));
    if (!mayDecide() || isRevising()) return null;
    if (assignment.state !== "submitted")
      return known.length > 0 ? make("p", { class: "model-invitation" }, words("model-decide")) : null;
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

  /**
   * Classes that were checked and not suggested: withheld ones with the reason, and behind a click those not
   * met.
   *
   * @param {Verdict[]} verdicts
   */
  #notSuggested(verdicts) {
    const { words, catalogue } = this.deps;
    const { withheld, notMet } = notSuggested(verdicts, catalogue);
    /** @param {Verdict} verdict */
    const line = (verdict) =>
      make(
        "li",
        { title: catalogue.definition(verdict.class) },
        make("span", { class: "silent-class" }, catalogue.name(verdict.class)),
        make("span", { class: "evidence" }, notSuggestedText(verdict, words, language())),
      );
    /** @param {Verdict[]} verdicts */
    const list = (verdicts) => make("ul", { class: "not-suggested" }, ...verdicts.map(line));
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

  /**
   * The verdict behind the suggestion of `code`; version 1 of the model gave none.
   *
   * @param {string} code
   */
  #verdictOf(code) {
    return this.#current.answer.verdicts?.find((one) => one.class === code && one.state === "suggested");
  }

  /**
   * Where the evidence shows, labeled in the reader's language.
   *
   * @param {Suggestion} suggestion
   */
  #marks({ class: code, marks }) {
    const verdict = this.#verdictOf(code);
    return marks && verdict
      ? { ...marks, text: measuredText(verdict.checks[0], this.deps.words, language()) }
      : marks;
  }

  /** @param {Suggestion} suggestion */
  #evidence({ class: code, evidence }) {
    const verdict = this.#verdictOf(code);
    return verdict ? evidenceText(verdict, this.deps.words, language()) : evidence;
  }

  /**
   * @param {Suggestion} suggestion
   * @param {Suggestion[]} known
   */
  #suggestion(suggestion, known) {
    const { words, catalogue } = this.deps;
    const { class: code } = suggestion;
    const isSelected = code === this.#selected;
    const next = known[(known.findIndex((one) => one.class === this.#selected) + 1) % known.length];
    return make(
      "li",
      { class: isSelected ? "is-active" : null, title: catalogue.definition(code) },
      make(
        "button",
        {
          type: "button",
          class: "suggestion-name",
          "data-suggestion": code,
          "data-focus": `suggestion-${code}`,
          "aria-current": isSelected ? "true" : null,
          "aria-keyshortcuts": code === next.class ? "s" : null,
          "data-key-label": words("suggestion-next"),
        },
        catalogue.name(code),
      ),
      make("span", { class: "evidence" }, this.#evidence(suggestion)),
      this.#isShared(code) ? make("span", { class: "is-shared" }, words("suggestion-shared")) : null,
      this.#verdicts(code, isSelected),
    );
  }

  /**
   * May the reader agree without a second reading?
   *
   * @param {string} code
   */
  #isShared(code) {
    const { assignment } = this.#current;
    return assignment.state === "submitted" && isShared(assignment, code);
  }

  /**
   * Three buttons for a reader who may decide, one word for a decision that was signed.
   *
   * @param {string} code
   * @param {boolean} isSelected
   */
  #verdicts(code, isSelected) {
    const { words, catalogue, mayDecide, decisions, isRevising } = this.deps;
    const { assignment } = this.#current;
    const isAgreed = !isRevising() && isConfirmed(assignment, code);
    const verdict = mayDecide()
      ? (decisions()[code]?.verdict ?? (isAgreed ? "accepted" : undefined))
      : decided(assignment, code);
    if (!mayDecide())
      return verdict ? make("span", { class: `verdict is-${verdict}` }, words(`verdict-${verdict}`)) : null;
    /** @param {Decision} one */
    const label = (one) => (one === "accepted" && this.#isShared(code) && !isRevising() ? "agreed" : one);
    /** @param {[Decision, string]} choice */
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
          "aria-keyshortcuts": isSelected ? key : null,
          "data-key-label": words(`decide-${one}-key`),
        },
        words(`decide-${label(one)}`),
        isSelected ? make("kbd", {}, key.toUpperCase()) : null,
      );
    return make("div", { class: "verdicts" }, ...VERDICT_KEYS.map(button));
  }

  /** The reader's findings that the model does not suggest: it either checked the class or never does. */
  #comparisons() {
    const { words, catalogue } = this.deps;
    const { assignment, answer } = this.#current;
    if (!assignment.reading) return null; // shown while reading: there is no signed reading to compare
    const codes = assignment.reading.findings.map((finding) => finding.class);
    const lines = comparisons(codes, answer);
    if (lines.length === 0) return null;
    const items = lines.map(({ code, status }) =>
      make("li", {}, words(`model-${status}`, { name: catalogue.name(code) })),
    );
    return make("ul", { class: "comparisons" }, ...items);
  }

  #measurements() {
    const { words } = this.deps;
    const { measurements, qt_correction: formula } = this.#current.answer;
    const rows = readouts(measurements, formula, language());
    if (rows.length === 0) return make("p", {}, words("nothing-measured"));
    const cells = rows.flatMap(({ name, text, nBeats, reason }) => [
      make("dt", {}, words(name)),
      make(
        "dd",
        {},
        text === null ? words("not-measured") : text,
        make(
          "span",
          {},
          text === null ? reasonText(reason, words) : words("measured-beats", { count: nBeats }),
        ),
      ),
    ]);
    return make("dl", { class: "measured" }, ...cells);
  }
}

function language() {
  return document.documentElement.lang;
}

/**
 * Why there is no number; version 1 of the model stored a sentence instead of a code.
 *
 * @param {string} reason
 * @param {Words} words
 */
function reasonText(reason, words) {
  return /^[a-z0-9_]+$/.test(reason) ? words(`missing-${reason}`) : reason;
}

/**
 * Suggestions may be loaded only for a signed reading, and once the reader asked for them, unless the study
 * arm shows them while reading; a reading that is still being sent is not signed yet.
 *
 * @param {Pick<Assignment, "state" | "reading" | "suggestions" | "is_shown_suggestions">} assignment
 */
export function mayAsk({ state, reading, suggestions, is_shown_suggestions: isShown = false }) {
  return isShown || (state === "submitted" && Boolean(reading) && suggestions === "shown");
}

/**
 * Are there suggestions that the reader has not asked for yet?
 *
 * @param {Pick<Assignment, "state" | "reading" | "suggestions">} assignment
 */
export function isOffered({ state, reading, suggestions }) {
  return state === "submitted" && Boolean(reading) && suggestions === "offered";
}
