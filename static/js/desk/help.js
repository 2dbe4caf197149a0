// The list of all keys, made from the controls themselves, and the switch for single keys (WCAG 2.1.4).

import { make } from "../dom.js";

const SWITCH = "single-keys";

const SIGNS = {
  Control: "Ctrl", Enter: "↵", Plus: "+", ArrowLeft: "←", ArrowRight: "→", Delete: "Del", Backspace: "⌫", Escape: "Esc", "-": "−",
};

/** "Control+Enter" as it is printed on a key cap. */
export function keyCaps(shortcut) {
  return shortcut.split("+").map((key) => SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key)).join(" ");
}

export class Help {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {{desk: HTMLElement, shelf: object, words: Function}} world
   */
  constructor(dialog, world) {
    this.dialog = dialog;
    this.world = world;
    const toggle = dialog.querySelector("[data-part=single-keys]");
    toggle.checked = this.singleKeys;
    toggle.addEventListener("change", () => this.#switch(toggle.checked));
    this.#mark();
  }

  /** Do letters, digits and signs work as commands? Yes, until the reader switches them off. */
  get singleKeys() {
    return this.world.shelf.read(SWITCH) ?? true;
  }

  open() {
    this.dialog.querySelector("[data-part=keys]").replaceChildren(...this.#rows());
    this.dialog.showModal();
  }

  #switch(isOn) {
    this.world.shelf.write(SWITCH, isOn);
    this.#mark();
  }

  /** Keys that do not work are not printed on their controls. */
  #mark() {
    this.world.desk.classList.toggle("is-without-single-keys", !this.singleKeys);
  }

  #rows() {
    return [...this.#ownKeys(), ...this.#otherKeys()].flatMap(([keys, label]) => [
      make("dt", {}, ...keys.map((key) => make("kbd", {}, keyCaps(key)))),
      make("dd", {}, label),
    ]);
  }

  /** The keys of the controls that are always there. */
  #ownKeys() {
    const controls = [...this.world.desk.querySelectorAll("[aria-keyshortcuts]")];
    return controls.filter((control) => !control.closest(".finding")).map((control) => [
      control.getAttribute("aria-keyshortcuts").split(" "),
      control.dataset.keyLabel || control.getAttribute("aria-label") || control.textContent.trim(),
    ]);
  }

  /** The keys of a finding's row, listed even while there is no finding, and the one that has no control. */
  #otherKeys() {
    const { words } = this.world;
    return [
      [["-"], words("less-certain")],
      [["Plus"], words("more-certain")],
      [["Delete", "Backspace"], words("remove-last")],
      [["Escape"], words("key-escape")],
    ];
  }
}
