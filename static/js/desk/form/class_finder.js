// Search for a class by typing a few letters: an ARIA combobox with a listbox.

import { closestTo, make } from "../../dom.js";
import { indexOf, matches } from "../state/typeahead.js";

/** @import { Words } from "../../texts.js" */
/** @import { Catalog } from "../state/catalog.js" */
/** @import { DiagnosticClass } from "../types.js" */

/**
 * @typedef {object} ClassFinderDeps
 * @property {Catalog} catalog
 * @property {Words} words
 * @property {(code: string) => boolean} isFound
 * @property {(code: string) => string | null} blocker the finding that contradicts a
 *   class, or null
 * @property {(code: string, options: {notAssessable: boolean}) => void} onChoose `notAssessable` is true if
 *   Shift was held
 * @property {() => void} onRemoveLast
 */

const MAX_SHOWN = 12;

export class ClassFinder {
  #input;
  #list;
  #index;
  /** @type {string[]} */
  #frequent = [];
  /** @type {ReturnType<typeof matches>} */
  #options = [];
  /** Index of the active option, -1 for none. */
  #active = -1;
  #isOpen = false;

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {ClassFinderDeps} deps
   */
  constructor(input, list, deps) {
    this.#input = input;
    this.#list = list;
    this.deps = deps;
    this.#index = indexOf(deps.catalog.classes);
    input.addEventListener("input", () => this.#open());
    input.addEventListener("click", () => this.#open());
    input.addEventListener("keydown", (event) => this.#press(event));
    input.addEventListener("blur", () => this.#close());
    // Keep focus in the field. Otherwise blur would close the list before the click. Touch can still scroll
    // the list.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => this.#point(event));
  }

  /**
   * Put the classes `codes` first among equally good matches.
   *
   * @param {string[]} codes
   */
  prefer(codes) {
    this.#frequent = codes;
  }

  clear() {
    this.#input.value = "";
    this.#close();
  }

  #open() {
    const typed = this.#input.value.trim();
    const matching = matches(this.#index, typed, this.#frequent);
    this.#options = typed ? matching.slice(0, MAX_SHOWN) : matching;
    this.#active = typed && this.#options.length > 0 ? 0 : -1;
    this.#isOpen = true;
    this.#list.replaceChildren(...this.#rows(!typed));
    this.#present();
  }

  #close() {
    this.#isOpen = false;
    this.#active = -1;
    this.#present();
  }

  /**
   * Build one row per class, with group headings in the full list.
   *
   * @param {boolean} areGrouped
   */
  #rows(areGrouped) {
    if (this.#options.length === 0)
      return [
        make(
          "li",
          { class: "finder-none", role: "option", "aria-disabled": "true" },
          this.deps.words("finder-none"),
        ),
      ];
    const { catalog } = this.deps;
    return this.#options.flatMap(({ one, synonym }, i) => {
      const isFirstOfGroup = areGrouped && one.group !== this.#options[i - 1]?.one.group;
      const heading = make(
        "li",
        { class: "finder-group", role: "presentation" },
        catalog.groupName(one.code) ?? one.group,
      );
      return isFirstOfGroup ? [heading, this.#row(one, synonym, i)] : [this.#row(one, synonym, i)];
    });
  }

  /**
   * @param {DiagnosticClass} one
   * @param {string | null} synonym
   * @param {number} i
   */
  #row(one, synonym, i) {
    const isFound = this.deps.isFound(one.code);
    return make(
      "li",
      {
        id: `class-option-${i}`,
        role: "option",
        class: "finder-option",
        "data-option": i,
        "aria-selected": isFound ? "true" : "false",
        "aria-disabled": !isFound && this.deps.blocker(one.code) ? "true" : null,
      },
      make("b", {}, one.abbreviation),
      make(
        "span",
        {},
        this.deps.catalog.name(one.code),
        synonym && " ",
        synonym && make("small", { class: "finder-synonym" }, synonym),
      ),
    );
  }

  #present() {
    const row =
      this.#isOpen && this.#active >= 0 ? this.#list.querySelector(`[data-option="${this.#active}"]`) : null;
    for (const old of this.#list.querySelectorAll(".is-active")) old.classList.remove("is-active");
    row?.classList.add("is-active");
    row?.scrollIntoView({ block: "nearest" });
    this.#list.hidden = !this.#isOpen;
    this.#input.setAttribute("aria-expanded", String(this.#isOpen));
    if (row) this.#input.setAttribute("aria-activedescendant", row.id);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    /** @type {Record<string, (() => void) | undefined>} */
    const actions = {
      ArrowDown: () => this.#move(1),
      ArrowUp: () => this.#move(-1),
      Enter: () => this.#choose(this.#active, event.shiftKey),
      Escape: () => this.#leave(),
    };
    const act = actions[event.key];
    if (act) {
      event.preventDefault(); // Enter would submit the whole form
      act();
    } else if (event.key === "Backspace" && this.#input.value === "" && !event.repeat) {
      // a held key only clears the field
      this.deps.onRemoveLast();
    }
  }

  /** @param {number} by */
  #move(by) {
    if (!this.#isOpen) this.#open();
    const { length } = this.#options;
    if (length === 0) return;
    const from = this.#active < 0 && by < 0 ? 0 : this.#active;
    this.#active = (from + by + length) % length;
    this.#present();
  }

  /**
   * @param {number} i
   * @param {boolean} notAssessable
   */
  #choose(i, notAssessable) {
    const option = this.#options[i]?.one;
    if (!this.#isOpen || !option) return;
    this.clear();
    this.deps.onChoose(option.code, { notAssessable });
  }

  /** Clear the text, close the list and leave the field. */
  #leave() {
    if (this.#isOpen && this.#input.value === "") this.#close();
    else if (this.#input.value !== "") this.clear();
    this.#input.blur();
  }

  /** @param {MouseEvent} event */
  #point(event) {
    const row = closestTo(event, "[data-option]");
    if (row) this.#choose(Number(row.dataset.option), event.shiftKey);
  }
}
