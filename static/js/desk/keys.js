// The reader's own keys, put on the controls: aria-keyshortcuts and the key caps tell the key that works.

import { assign, chosen, restore, translate } from "./state/keymap.js";

const KEYMAP = "keymap";
const GIVEN = "givenKeys";

const SIGNS = {
  Control: "Ctrl",
  Shift: "⇧",
  Enter: "↵",
  Plus: "+",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Delete: "Del",
  Backspace: "⌫",
  Escape: "Esc",
  "-": "−",
};

/** "Control+Enter" as it is printed on a key cap. */
export function keyCaps(shortcut) {
  return shortcut
    .split("+")
    .map((key) => SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key))
    .join(" ");
}

/** The keys of a control as the page gives them, whatever the reader has chosen. */
export function givenKeys(control) {
  return (control.dataset[GIVEN] ?? control.getAttribute("aria-keyshortcuts")).split(" ");
}

export class Keys {
  #observer = new MutationObserver((records) => this.#see(records));

  /** @param {HTMLElement} root of the desk @param {object} shelf of the reader on this device */
  constructor(root, shelf) {
    this.root = root;
    this.shelf = shelf;
    this.map = restore(shelf.read(KEYMAP));
    if (this.isOwn) this.#apply();
  }

  /** Has the reader chosen any key? */
  get isOwn() {
    return Object.keys(this.map).length > 0;
  }

  /** Run the command given `key` by `wanted` from now on. */
  assign(key, wanted) {
    this.#keep(assign(this.map, this.given, key, wanted));
  }

  /** Every command has the key it was given again. */
  restoreDefaults() {
    this.#keep({});
  }

  /** The keys of all commands of the page as given. */
  get given() {
    return [...this.#controls(this.root)].flatMap(givenKeys);
  }

  chosen(key) {
    return chosen(this.map, key);
  }

  #keep(map) {
    this.map = map;
    this.shelf.write(KEYMAP, map);
    this.#apply();
  }

  #controls(root) {
    return root.querySelectorAll("[aria-keyshortcuts]");
  }

  #apply() {
    this.#observer.disconnect();
    this.#dress(this.root);
    if (this.isOwn)
      this.#observer.observe(this.root, {
        childList: true,
        subtree: true,
        attributes: true,
        attributeFilter: ["aria-keyshortcuts"],
      });
  }

  /** Rows and buttons are made anew all the time: they come with the keys of the page. */
  #see(records) {
    for (const { type, target, addedNodes } of records) {
      if (type === "attributes") this.#redress(target);
      for (const node of addedNodes) if (node instanceof HTMLElement) this.#dress(node);
    }
    this.#observer.takeRecords(); // of what was just done here
  }

  /** Somebody gave the control other keys. */
  #redress(control) {
    const keys = control.getAttribute("aria-keyshortcuts");
    const known = control.dataset[GIVEN];
    if (keys === null || (known && keys === translate(this.map, known))) return;
    delete control.dataset[GIVEN];
    this.#wear(control);
  }

  #dress(root) {
    if (root.matches("[aria-keyshortcuts]")) this.#wear(root);
    for (const control of this.#controls(root)) this.#wear(control);
    for (const cap of root.querySelectorAll("kbd[data-key]"))
      cap.textContent = keyCaps(this.chosen(cap.dataset.key));
  }

  #wear(control) {
    const given = givenKeys(control).join(" ");
    control.dataset[GIVEN] = given;
    control.setAttribute("aria-keyshortcuts", translate(this.map, given));
    const cap = control.querySelector(":scope > kbd:not([data-key])");
    if (cap) cap.textContent = keyCaps(this.chosen(given.split(" ")[0]));
  }
}
