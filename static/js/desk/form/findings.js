// The list of the reader's findings with their evidence, and of the classes marked not assessable.

import { keepFocus, make } from "../../dom.js";
import { CERTAINTIES, blank, mentioned } from "../state/labels.js";

/** @import { Words } from "../../texts.js" */
/** @import { Catalog } from "../state/catalog.js" */
/** @import { Content, EvidenceKind, Finding, Localization, Measurement } from "../types.js" */

/** @type {EvidenceKind[]} */
export const EVIDENCE_KINDS = ["localisations", "measurements"];

export class FindingList {
  #content = blank();

  /**
   * Code of the selected class. Its keyboard shortcuts work, and evidence from the sheet is attached to it.
   *
   * @type {string | null}
   */
  selected = null;

  /**
   * @param {HTMLElement} list
   * @param {{catalog: Catalog, words: Words, none: HTMLElement}} deps `none` is the text shown when the
   *   list is empty
   */
  constructor(list, deps) {
    this.list = list;
    this.deps = deps;
  }

  /**
   * Show `content`. If it has a new entry, select it.
   *
   * @param {Content} content
   */
  show(content) {
    const codes = mentioned(content);
    const before = mentioned(this.#content);
    const added = codes.find((code) => !before.includes(code));
    const kept = codes.find((code) => code === this.selected);
    this.selected = added ?? kept ?? codes.at(-1) ?? null;
    this.#content = content;
    this.#draw();
  }

  /** @param {string} code */
  select(code) {
    this.selected = code;
    this.#draw();
  }

  reset() {
    this.#content = blank();
    this.selected = null;
  }

  #draw() {
    const { findings, not_assessable } = this.#content;
    const rows = [
      ...findings.map((finding) => this.#found(finding)),
      ...not_assessable.map((code) => this.#notAssessable(code)),
    ];
    const places = [...this.list.children];
    /** @param {Element} gone */
    const placeOf = (gone) => places.findIndex((row) => row.contains(gone));
    keepFocus(
      this.list,
      () => this.list.replaceChildren(...rows),
      (gone) => this.#nearest(placeOf(gone)),
    );
  }

  /**
   * Return where to move focus after a row was removed: the row that took its place, or the text for an
   * empty list.
   *
   * @param {number} place
   */
  #nearest(place) {
    const row = this.list.children[place] ?? this.list.lastElementChild;
    return /** @type {HTMLElement} */ (row?.querySelector("[data-select]") ?? this.deps.none);
  }

  /** @param {Finding} finding */
  #found(finding) {
    const { class: code, certainty } = finding;
    return this.#row(code, `is-${certainty}`, this.#certainty(finding), this.#evidence(finding));
  }

  /** @param {string} code */
  #notAssessable(code) {
    const state = make(
      "div",
      { class: "certainty" },
      make("span", { class: "certainty-name" }, this.deps.words("not-assessable")),
    );
    return this.#row(code, "is-not-assessable", state, null);
  }

  /**
   * @param {string} code
   * @param {string} className
   * @param {HTMLElement} state
   * @param {HTMLElement | null} evidence
   */
  #row(code, className, state, evidence) {
    const { catalog, words } = this.deps;
    const name = catalog.name(code);
    const isActive = code === this.selected;
    return make(
      "li",
      { class: `finding ${className}${isActive ? " is-active" : ""}`, title: catalog.definition(code) },
      this.#name(code, name),
      state,
      catalog.isExclusive(code)
        ? null
        : make(
            "button",
            {
              type: "button",
              class: "icon-button",
              "data-not-assessable": code,
              "data-focus": `not-assessable-${code}`,
              "aria-pressed": String(className === "is-not-assessable"),
              "aria-label": words("not-assessable-name", { name }),
              title: words("not-assessable-toggle"),
              "aria-keyshortcuts": isActive ? "i" : null,
            },
            "⊘",
          ),
      make(
        "button",
        {
          type: "button",
          class: "icon-button",
          "data-remove": code,
          "data-focus": `remove-${code}`,
          "aria-label": words("remove", { name }),
          "aria-keyshortcuts": isActive ? "Delete Backspace" : null,
        },
        "×",
      ),
      evidence,
    );
  }

  /**
   * Build the button with the class name, which selects the row. The shortcut for the next row is on that
   * row's button.
   *
   * @param {string} code
   * @param {string} name
   */
  #name(code, name) {
    const { catalog, words } = this.deps;
    const codes = mentioned(this.#content);
    const next = codes[(codes.findIndex((one) => one === this.selected) + 1) % codes.length];
    return make(
      "button",
      {
        type: "button",
        class: "finding-name",
        "data-select": code,
        "data-focus": `select-${code}`,
        "aria-current": code === this.selected ? "true" : null,
        "aria-keyshortcuts": codes.length > 1 && code === next ? "j" : null,
        "data-key-label": words("next-finding"),
      },
      make("b", {}, catalog.get(code).abbreviation),
      make("span", {}, name),
    );
  }

  /** @param {Finding} finding */
  #certainty({ class: code, certainty }) {
    const { words, catalog } = this.deps;
    const isActive = code === this.selected;
    const place = CERTAINTIES.indexOf(certainty);
    /**
     * @param {number} by
     * @param {string} sign
     * @param {string} key
     * @param {string} label
     */
    const stepper = (by, sign, key, label) =>
      make(
        "button",
        {
          type: "button",
          class: "icon-button",
          "data-certainty": code,
          "data-by": by,
          "data-focus": `${by}-${code}`,
          "aria-label": `${words(label)}: ${catalog.name(code)}`,
          "aria-keyshortcuts": isActive ? key : null,
          "aria-disabled": CERTAINTIES[place + by] ? null : "true",
        },
        sign,
      );
    return make(
      "div",
      { class: `certainty is-${certainty}` },
      stepper(-1, "−", "-", "less-certain"),
      make("span", { class: "certainty-name" }, words(`certainty-${certainty}`)),
      stepper(1, "+", "Plus =", "more-certain"),
    );
  }

  /**
   * Build chips for the evidence, each with a remove button.
   *
   * @param {Finding} finding
   */
  #evidence(finding) {
    const chips = EVIDENCE_KINDS.flatMap((kind) =>
      finding[kind].map((piece, i) => this.#chip(finding.class, kind, i, pieceText(piece, this.deps.words))),
    );
    return chips.length > 0 ? make("ul", { class: "evidence-chips" }, ...chips) : null;
  }

  /**
   * @param {string} code
   * @param {EvidenceKind} kind
   * @param {number} i
   * @param {string} text
   */
  #chip(code, kind, i, text) {
    return make(
      "li",
      { class: `chip is-${kind}` },
      make("span", {}, text),
      make(
        "button",
        {
          type: "button",
          class: "icon-button",
          "data-drop": kind,
          "data-of": code,
          "data-index": i,
          "data-focus": `drop-${kind}-${i}-${code}`,
          "aria-label": this.deps.words("remove", { name: text }),
        },
        "×",
      ),
    );
  }
}

/**
 * Describe a localization or measurement in words.
 *
 * @param {Localization | Measurement} piece
 * @param {Words} words
 */
export function pieceText(piece, words) {
  if ("leads" in piece) {
    return words("chip-place", {
      leads: leadRange(piece.leads, words),
      from: piece.from_s.toFixed(2),
      to: piece.to_s.toFixed(2),
    });
  }
  const value = piece.kind === "interval" ? `${Math.round(piece.value)} ms` : `${piece.value.toFixed(2)} mV`;
  return piece.lead ? words("chip-measure-lead", { value, lead: piece.lead }) : value;
}

/**
 * Name up to four leads; otherwise give their number.
 *
 * @param {string[]} leads
 * @param {Words} words
 */
function leadRange(leads, words) {
  return leads.length <= 4 ? leads.join(" ") : words("chip-leads", { count: leads.length });
}
