// The list of what the reader has said about classes: findings with their evidence, and what is not assessable.

import { keepingFocus, make } from "../dom.js";
import { CERTAINTIES, mentioned } from "./state/labels.js";

export const KINDS = ["localisations", "measurements"];

export class FindingList {
  #content = null;

  /** The class whose row is at hand: its keys work, and evidence from the sheet goes to it. */
  active = null;

  /** @param {HTMLElement} list @param {{catalogue: object, words: Function, none: HTMLElement}} world `none` says that there is none */
  constructor(list, world) {
    this.list = list;
    this.world = world;
  }

  /** Show `content`; what is new in it is at hand. */
  show(content) {
    const codes = mentioned(content);
    const before = this.#content ? mentioned(this.#content) : [];
    const added = codes.find((code) => !before.includes(code));
    this.active = added ?? (codes.includes(this.active) ? this.active : (codes.at(-1) ?? null));
    this.#content = content;
    this.#draw();
  }

  /** Take `code` at hand. */
  select(code) {
    this.active = code;
    this.#draw();
  }

  reset() {
    this.#content = null;
    this.active = null;
  }

  #draw() {
    const { findings, not_assessable } = this.#content;
    const rows = [
      ...findings.map((finding) => this.#found(finding)),
      ...not_assessable.map((code) => this.#untold(code)),
    ];
    const places = [...this.list.children];
    const placeOf = (gone) => places.findIndex((row) => row.contains(gone));
    keepingFocus(
      this.list,
      () => this.list.replaceChildren(...rows),
      (gone) => this.#nearest(placeOf(gone)),
    );
  }

  /** Where a row was taken away: the name of the row that is there now, or else the word that there is none. */
  #nearest(place) {
    const row = this.list.children[place] ?? this.list.lastElementChild;
    return row?.querySelector("[data-select]") ?? this.world.none;
  }

  #found(finding) {
    const { class: code, certainty } = finding;
    return this.#row(code, `is-${certainty}`, this.#certainty(finding), this.#evidence(finding));
  }

  #untold(code) {
    const state = make(
      "div",
      { class: "certainty" },
      make("span", { class: "certainty-name" }, this.world.words("not-assessable")),
    );
    return this.#row(code, "is-untold", state, null);
  }

  #row(code, className, state, evidence) {
    const { catalogue, words } = this.world;
    const name = catalogue.name(code);
    const isActive = code === this.active;
    return make(
      "li",
      { class: `finding ${className}${isActive ? " is-active" : ""}`, title: catalogue.definition(code) },
      this.#name(code, name),
      state,
      catalogue.isExclusive(code)
        ? null
        : make(
            "button",
            {
              type: "button",
              class: "icon-button",
              "data-untold": code,
              "data-focus": `untold-${code}`,
              "aria-pressed": String(className === "is-untold"),
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

  /** The name is the button that takes the row at hand; the key goes from row to row. */
  #name(code, name) {
    const { catalogue, words } = this.world;
    const codes = mentioned(this.#content);
    const next = codes[(codes.indexOf(this.active) + 1) % codes.length];
    return make(
      "button",
      {
        type: "button",
        class: "finding-name",
        "data-select": code,
        "data-focus": `select-${code}`,
        "aria-current": code === this.active ? "true" : null,
        "aria-keyshortcuts": codes.length > 1 && code === next ? "j" : null,
        "data-key-label": words("next-finding"),
      },
      make("b", {}, catalogue.get(code).abbreviation),
      make("span", {}, name),
    );
  }

  #certainty({ class: code, certainty }) {
    const { words, catalogue } = this.world;
    const isActive = code === this.active;
    const place = CERTAINTIES.indexOf(certainty);
    const stepper = (by, sign, key, label) =>
      make(
        "button",
        {
          type: "button",
          class: "icon-button",
          "data-certainty": code,
          "data-by": by,
          "data-focus": `${by}-${code}`,
          "aria-label": `${words(label)}: ${catalogue.name(code)}`,
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

  /** Places and measurements as chips that can be taken away one by one. */
  #evidence(finding) {
    const chips = KINDS.flatMap((kind) =>
      finding[kind].map((piece, i) =>
        this.#chip(finding.class, kind, i, told(kind, piece, this.world.words)),
      ),
    );
    return chips.length > 0 ? make("ul", { class: "evidence-chips" }, ...chips) : null;
  }

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
          "aria-label": this.world.words("remove", { name: text }),
        },
        "×",
      ),
    );
  }
}

/** A place or a measurement in words. */
export function told(kind, piece, words) {
  if (kind === "localisations") {
    return words("chip-place", {
      leads: leadRange(piece.leads, words),
      from: piece.from_s.toFixed(2),
      to: piece.to_s.toFixed(2),
    });
  }
  const value = piece.kind === "interval" ? `${Math.round(piece.value)} ms` : `${piece.value.toFixed(2)} mV`;
  return piece.lead ? words("chip-measure-lead", { value, lead: piece.lead }) : value;
}

/** "V1 V2 V3" when few, else how many. */
function leadRange(leads, words) {
  return leads.length <= 4 ? leads.join(" ") : words("chip-leads", { count: leads.length });
}
