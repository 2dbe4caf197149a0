// The field that finds a class by a few letters: an ARIA combobox with a listbox under it.

import { make } from "../dom.js";
import { indexOf, matches } from "./state/typeahead.js";

const MOST_SHOWN = 12;

export class ClassFinder {
  #input;
  #list;
  #index;
  #usual = [];
  #options = [];
  #active = -1;
  #isOpen = false;

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {{catalogue: object, isHeld: (code) => boolean, blocker: (code) => string|null,
   *   onChoose: (code, options: {untold: boolean}) => void, onRemoveLast: () => void, words: (key, values) => string}} world
   *   `untold`: chosen with Shift, the class is called not assessable
   */
  constructor(input, list, world) {
    this.#input = input;
    this.#list = list;
    this.world = world;
    this.#index = indexOf(world.catalogue.classes);
    input.addEventListener("input", () => this.#open());
    input.addEventListener("click", () => this.#open());
    input.addEventListener("keydown", (event) => this.#press(event));
    input.addEventListener("blur", () => this.#close());
    // The field keeps the focus, or the list would be gone before the click; a finger may still scroll the list.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => this.#point(event));
  }

  /** Put the classes `codes` first among those that match equally well. */
  prefer(codes) {
    this.#usual = codes;
  }

  clear() {
    this.#input.value = "";
    this.#close();
  }

  #open() {
    const typed = this.#input.value.trim();
    const found = matches(this.#index, typed, this.#usual);
    this.#options = typed ? found.slice(0, MOST_SHOWN) : found;
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

  /** One row per class; all classes together are headed by their groups. */
  #rows(areGrouped) {
    if (this.#options.length === 0)
      return [
        make(
          "li",
          { class: "finder-none", role: "option", "aria-disabled": "true" },
          this.world.words("finder-none"),
        ),
      ];
    const { catalogue } = this.world;
    return this.#options.flatMap(({ one, synonym }, i) => {
      const isFirstOfGroup = areGrouped && one.group !== this.#options[i - 1]?.one.group;
      const heading = make(
        "li",
        { class: "finder-group", role: "presentation" },
        catalogue.groupName(one.code) ?? one.group,
      );
      return isFirstOfGroup ? [heading, this.#row(one, synonym, i)] : [this.#row(one, synonym, i)];
    });
  }

  #row(one, synonym, i) {
    const isHeld = this.world.isHeld(one.code);
    return make(
      "li",
      {
        id: `class-option-${i}`,
        role: "option",
        class: "finder-option",
        "data-option": i,
        "aria-selected": isHeld ? "true" : "false",
        "aria-disabled": !isHeld && this.world.blocker(one.code) ? "true" : null,
      },
      make("b", {}, one.abbreviation),
      make(
        "span",
        {},
        this.world.catalogue.name(one.code),
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

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const act = {
      ArrowDown: () => this.#move(1),
      ArrowUp: () => this.#move(-1),
      Enter: () => this.#choose(this.#active, event.shiftKey),
      Escape: () => this.#leave(),
    }[event.key];
    if (act) {
      event.preventDefault(); // Enter would submit the whole form
      act();
    } else if (event.key === "Backspace" && this.#input.value === "" && !event.repeat) {
      // a held key empties the field only
      this.world.onRemoveLast();
    }
  }

  #move(by) {
    if (!this.#isOpen) this.#open();
    const { length } = this.#options;
    if (length === 0) return;
    const from = this.#active < 0 && by < 0 ? 0 : this.#active;
    this.#active = (from + by + length) % length;
    this.#present();
  }

  #choose(i, untold) {
    const one = this.#options[i]?.one;
    if (!this.#isOpen || !one) return;
    this.clear();
    this.world.onChoose(one.code, { untold });
  }

  /** First the list, then the letters, then the field. */
  #leave() {
    if (this.#isOpen && this.#input.value === "") this.#close();
    else if (this.#input.value !== "") this.clear();
    this.#input.blur();
  }

  #point(event) {
    const row = event.target.closest("[data-option]");
    if (row) this.#choose(Number(row.dataset.option), event.shiftKey);
  }
}
