// The panel with the criteria model's suggestions. It is shown next to a submitted reading and not before,
// unless the study arm shows suggestions while reading. The reader decides on each suggestion. After
// submission, suggestions that the reader has not seen yet are loaded only by a button, because seeing them
// makes the reading final.

import { Refused, SignedOut, Unreachable } from "../../api.js";
import { closestTo, find, findAll, keepFocus, make } from "../../dom.js";
import { comparisons, decided, isConfirmed, isShared, readouts } from "../state/model_answer.js";
import { evidenceText, measuredText, notSuggested, notSuggestedText } from "../state/verdicts.js";

/** @import { Words } from "../../texts.js" */
/** @import { Catalog } from "../state/catalog.js" */
/** @import { Decisions } from "../state/decisions.js" */
/** @import { Assignment, Decision, Suggestion, SuggestionsAnswer, Verdict } from "../types.js" */

/**
 * @typedef {object} SuggestionsDeps
 * @property {Pick<typeof import("../../api.js"), "loadSuggestions">} api
 * @property {Catalog} catalog
 * @property {Words} words
 * @property {() => void} onSignedOut
 * @property {() => Decisions} decisions
 * @property {() => boolean} mayDecide
 * @property {() => boolean} isRevising
 * @property {(code: string, verdict: Decision) => void} onDecide
 * @property {(suggestion: Suggestion | null) => void} onShow called with the selected suggestion
 * @property {(id: number | null) => void} onView called with the ID of the assignment whose suggestions are
 *   visible, or null
 */

/**
 * The possible decisions and their keys, which are neighbors on the keyboard.
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
   * Code of the selected suggestion.
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
   * Show the suggestions on `assignment`, or a button that loads them, or nothing if they may not be shown.
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
    // Another exam may have opened meanwhile, or the reader may have left this one.
    if (assignment !== this.#assignment || parts === null) return undefined;
    this.root.replaceChildren(this.#title(), ...parts);
    this.root.hidden = false;
    return undefined;
  }

  /**
   * Show a button that loads the suggestions. If the reading can still be taken back, the button says that
   * seeing them makes it final.
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

  /** Show the suggestions. If the button had focus, focus the first suggestion. */
  async #see() {
    const isInside = this.root.contains(document.activeElement);
    const assignment = this.#assignment;
    if (!assignment) return;
    Object.assign(assignment, { suggestions: "shown", undo_until: null });
    await this.show(assignment);
    const [first] = findAll(this.root, "[aria-current]");
    if (isInside) first?.focus();
  }

  /** Redraw the panel after the decisions have changed. */
  refresh() {
    if (this.#answer) this.#draw();
  }

  /** Clear the panel and ignore a response that has not arrived yet. */
  leave() {
    this.root.hidden = true;
    this.#assignment = null;
    this.#answer = null;
    this.#selected = null;
    this.deps.onView(null);
    this.deps.onShow(null);
  }

  /**
   * Load the suggestions and build the panel. Resolves to null if there is nothing to show.
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
      // 404: the study shows none, or the model has not run on this exam.
      else if (!(error instanceof Refused)) throw error;
      return null;
    }
  }

  /** Rebuild the panel without moving the keyboard focus. */
  #draw() {
    const open = findAll(this.root, "details[open]").map((one) => one.dataset.part);
    keepFocus(this.root, () => {
      this.root.replaceChildren(this.#title(), ...this.#panel());
      for (const one of findAll(this.root, "details", HTMLDetailsElement))
        one.open = open.includes(one.dataset.part);
    });
    // Starting the second reading shows the whole form again, above the panel.
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
   * Select the suggestion of `code`: draw its evidence and turn on its keys.
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
   * Move between suggestions with arrow keys.
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
    return (this.#answer?.suggestions ?? []).filter((one) => this.deps.catalog.has(one.class));
  }

  /** The open assignment and the model's answer for it. Throws if no suggestions are displayed. */
  get #current() {
    if (!this.#assignment || !this.#answer) throw new Error("no suggestions are displayed");
    return { assignment: this.#assignment, answer: this.#answer };
  }

  #panel() {
    const { words, catalog } = this.deps;
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
        words("model-scope", { covered: covered.length, total: catalog.classes.length }),
      ),
      verdicts?.length
        ? null
        : make(
            "details",
            { class: "model-scope", "data-part": "covered" },
            make("summary", {}, words("model-covered")),
            covered
              .filter((code) => catalog.has(code))
              .map((code) => catalog.name(code))
              .join(" · "),
          ),
    ].filter((part) => part !== null);
  }

  /**
   * Say what the reader can do here: decide while reading, start a second reading afterwards, or only look.
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
   * List the classes that were checked and not suggested: withheld classes with the reason and, in a
   * collapsed section, classes with criteria that were not met.
   *
   * @param {Verdict[]} verdicts
   */
  #notSuggested(verdicts) {
    const { words, catalog } = this.deps;
    const { withheld, notMet } = notSuggested(verdicts, catalog);
    /** @param {Verdict} verdict */
    const line = (verdict) =>
      make(
        "li",
        { title: catalog.definition(verdict.class) },
        make("span", { class: "silent-class" }, catalog.name(verdict.class)),
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
   * Return the verdict for the suggestion of `code`. Version 1 of the model has none.
   *
   * @param {string} code
   */
  #verdictOf(code) {
    return this.#current.answer.verdicts?.find((one) => one.class === code && one.state === "suggested");
  }

  /**
   * Return where on the sheet to highlight the evidence, with a label in the reader's language.
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
    const { words, catalog } = this.deps;
    const { class: code } = suggestion;
    const isSelected = code === this.#selected;
    const next = known[(known.findIndex((one) => one.class === this.#selected) + 1) % known.length];
    return make(
      "li",
      { class: isSelected ? "is-active" : null, title: catalog.definition(code) },
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
        catalog.name(code),
      ),
      make("span", { class: "evidence" }, this.#evidence(suggestion)),
      this.#isShared(code) ? make("span", { class: "is-shared" }, words("suggestion-shared")) : null,
      this.#verdicts(code, isSelected),
    );
  }

  /**
   * Return true if the reader can agree without a second reading.
   *
   * @param {string} code
   */
  #isShared(code) {
    const { assignment } = this.#current;
    return assignment.state === "submitted" && isShared(assignment, code);
  }

  /**
   * Build three buttons for a reader who may decide, or one word for a submitted decision.
   *
   * @param {string} code
   * @param {boolean} isSelected
   */
  #verdicts(code, isSelected) {
    const { words, catalog, mayDecide, decisions, isRevising } = this.deps;
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
          "aria-label": words(`decide-${label(one)}-name`, { name: catalog.name(code) }),
          "aria-keyshortcuts": isSelected ? key : null,
          "data-key-label": words(`decide-${one}-key`),
        },
        words(`decide-${label(one)}`),
        isSelected ? make("kbd", {}, key.toUpperCase()) : null,
      );
    return make("div", { class: "verdicts" }, ...VERDICT_KEYS.map(button));
  }

  /** List the reader's findings that the model does not suggest, and say whether it checks the class. */
  #comparisons() {
    const { words, catalog } = this.deps;
    const { assignment, answer } = this.#current;
    if (!assignment.reading) return null; // while reading, there is no submitted reading to compare with
    const codes = assignment.reading.findings.map((finding) => finding.class);
    const lines = comparisons(codes, answer);
    if (lines.length === 0) return null;
    const items = lines.map(({ code, status }) =>
      make("li", {}, words(`model-${status}`, { name: catalog.name(code) })),
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
 * Say why a measurement is missing. Version 1 of the model stored a sentence instead of a code.
 *
 * @param {string} reason
 * @param {Words} words
 */
function reasonText(reason, words) {
  return /^[a-z0-9_]+$/.test(reason) ? words(`missing-${reason}`) : reason;
}

/**
 * Return true if suggestions may be loaded: after the reading is submitted and the reader has asked for
 * them, or earlier if the study arm shows them while reading. A reading still in the outbox is not submitted
 * yet.
 *
 * @param {Pick<Assignment, "state" | "reading" | "suggestions" | "is_shown_suggestions">} assignment
 */
export function mayAsk({ state, reading, suggestions, is_shown_suggestions: isShown = false }) {
  return isShown || (state === "submitted" && Boolean(reading) && suggestions === "shown");
}

/**
 * Return true if there are suggestions that the reader has not asked for yet.
 *
 * @param {Pick<Assignment, "state" | "reading" | "suggestions">} assignment
 */
export function isOffered({ state, reading, suggestions }) {
  return state === "submitted" && Boolean(reading) && suggestions === "offered";
}
