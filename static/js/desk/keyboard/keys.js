// Applies the reader's own shortcuts to the controls, so that aria-keyshortcuts and key caps show the keys
// in use.

import { findAll } from "../../dom.js";
import { assign, chosen, restore, translate } from "../state/keymap.js";

/** @import { ReaderStore } from "../storage/reader_store.js" */

const KEYMAP = "keymap";
const DEFAULT_KEYS = "defaultKeys";

/** @type {Record<string, string | undefined>} */
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

/**
 * Format a shortcut such as "Control+Enter" for a key cap.
 *
 * @param {string} shortcut
 */
export function keyCaps(shortcut) {
  return shortcut
    .split("+")
    .map((key) => SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key))
    .join(" ");
}

/**
 * Return the default keys of a control, regardless of the reader's changes.
 *
 * @param {HTMLElement} control
 */
export function defaultKeys(control) {
  return (control.dataset[DEFAULT_KEYS] ?? control.getAttribute("aria-keyshortcuts") ?? "").split(" ");
}

export class Keys {
  #observer = new MutationObserver((records) => this.#handleMutations(records));

  /**
   * @param {HTMLElement} root of the desk
   * @param {ReaderStore} store of the reader on this device
   */
  constructor(root, store) {
    this.root = root;
    this.store = store;
    this.map = restore(store.read(KEYMAP));
    if (this.isCustom) this.#apply();
  }

  /** True if the reader has changed any key. */
  get isCustom() {
    return Object.keys(this.map).length > 0;
  }

  /**
   * Assign `newKey` to the command with the default key `key`.
   *
   * @param {string} key
   * @param {string} newKey
   */
  assign(key, newKey) {
    this.#keep(assign(this.map, this.defaults, key, newKey));
  }

  restoreDefaults() {
    this.#keep({});
  }

  /** The default keys of all commands on the page. */
  get defaults() {
    return this.#controls(this.root).flatMap(defaultKeys);
  }

  /** @param {string} key */
  chosen(key) {
    return chosen(this.map, key);
  }

  /** @param {import("../state/keymap.js").Keymap} map */
  #keep(map) {
    this.map = map;
    this.store.write(KEYMAP, map);
    this.#apply();
  }

  /** @param {HTMLElement} root */
  #controls(root) {
    return findAll(root, "[aria-keyshortcuts]");
  }

  #apply() {
    this.#observer.disconnect();
    this.#updateWithin(this.root);
    if (this.isCustom)
      this.#observer.observe(this.root, {
        childList: true,
        subtree: true,
        attributes: true,
        attributeFilter: ["aria-keyshortcuts"],
      });
  }

  /**
   * Apply the reader's keys to rows and buttons that were rebuilt with default keys.
   *
   * @param {MutationRecord[]} records
   */
  #handleMutations(records) {
    for (const { type, target, addedNodes } of records) {
      if (type === "attributes") this.#updateChanged(/** @type {HTMLElement} */ (target));
      for (const node of addedNodes) if (node instanceof HTMLElement) this.#updateWithin(node);
    }
    this.#observer.takeRecords(); // discard the changes made here
  }

  /**
   * Update a control whose keys were changed by the page.
   *
   * @param {HTMLElement} control
   */
  #updateChanged(control) {
    const keys = control.getAttribute("aria-keyshortcuts");
    const known = control.dataset[DEFAULT_KEYS];
    if (keys === null || (known && keys === translate(this.map, known))) return;
    delete control.dataset[DEFAULT_KEYS];
    this.#update(control);
  }

  /** @param {HTMLElement} root */
  #updateWithin(root) {
    if (root.matches("[aria-keyshortcuts]")) this.#update(root);
    for (const control of this.#controls(root)) this.#update(control);
    for (const cap of findAll(root, "kbd[data-key]"))
      cap.textContent = keyCaps(this.chosen(cap.dataset.key ?? ""));
  }

  /** @param {HTMLElement} control */
  #update(control) {
    const defaults = defaultKeys(control).join(" ");
    control.dataset[DEFAULT_KEYS] = defaults;
    control.setAttribute("aria-keyshortcuts", translate(this.map, defaults));
    const cap = control.querySelector(":scope > kbd:not([data-key])");
    if (cap) cap.textContent = keyCaps(this.chosen(defaults.split(" ")[0]));
  }
}
