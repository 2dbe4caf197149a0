// The list of keyboard shortcuts, built from the controls on the page. The reader can turn single-key
// shortcuts off or change them (WCAG 2.1.4).

import { closestTo, findAll, make, partsOf } from "../../dom.js";
import { shortcut } from "./hotkeys.js";
import { FIXED, objection } from "../state/keymap.js";
import { defaultKeys, keyCaps } from "./keys.js";

/** @import { Words } from "../../texts.js" */
/** @import { Keys } from "./keys.js" */
/** @import { ReaderStore } from "../storage/reader_store.js" */

/** @typedef {[keys: string[], label: string]} KeyRow */

const SWITCH = "single-keys";
const ONLY_MODIFIERS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Dead"]);

export class Help {
  /**
   * Default key of the command whose key is being changed.
   *
   * @type {string | null}
   */
  #listening = null;

  /**
   * Default key of the command to focus once the reader has decided whether to swap keys.
   *
   * @type {string | null}
   */
  #asking = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{desk: HTMLElement, keys: Keys, store: ReaderStore, words: Words}} deps
   */
  constructor(dialog, deps) {
    this.dialog = dialog;
    this.deps = deps;
    this.part = partsOf(dialog);
    const toggle = this.part("single-keys", HTMLInputElement);
    toggle.checked = this.singleKeys;
    toggle.addEventListener("change", () => this.#switch(toggle.checked));
    this.part("reset-keys").addEventListener("click", () => this.#restore());
    this.part("keys").addEventListener("click", (event) => this.#listen(closestTo(event, "[data-change]")));
    dialog.addEventListener("keydown", (event) => this.#handleKey(event), { capture: true });
    dialog.addEventListener("cancel", (event) => this.#listening && event.preventDefault());
    dialog.addEventListener("close", () => (this.#listening = null));
    this.#mark();
  }

  /** True if letters, digits and symbols work as shortcuts. Readers can turn this off. */
  get singleKeys() {
    return this.deps.store.read(SWITCH) ?? true;
  }

  open() {
    this.#draw();
    this.#say("");
    this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  /** @param {boolean} isOn */
  #switch(isOn) {
    this.deps.store.write(SWITCH, isOn);
    this.#mark();
  }

  /** Hide single keys on their controls while they do not work. */
  #mark() {
    this.deps.desk.classList.toggle("is-without-single-keys", !this.singleKeys);
  }

  /** @param {string | null} [focused] */
  #draw(focused = null) {
    this.part("keys").replaceChildren(
      ...[...this.#sections()].map(([title, rows]) =>
        make(
          "section",
          {},
          make("h3", {}, title),
          make("dl", { class: "keys" }, ...rows.map((row) => this.#row(row))),
        ),
      ),
    );
    this.part("reset-keys").hidden = !this.deps.keys.isCustom;
    if (focused) this.#keyButton(focused)?.focus();
  }

  /** Group the commands by part of the page, in page order. */
  #sections() {
    const { desk, words } = this.deps;
    /** @type {Map<string, KeyRow[]>} */
    const sections = new Map();
    const seen = new Set();
    for (const control of findAll(desk, "[aria-keyshortcuts]")) {
      if (control.closest(".finding, dialog")) continue;
      const keys = defaultKeys(control);
      const label =
        control.dataset.keyLabel || control.getAttribute("aria-label") || control.textContent.trim();
      if (seen.has(keys.join(" "))) continue;
      seen.add(keys.join(" "));
      const title = control.closest("form.reading") ? words("keys-reading") : words("keys-sheet");
      sections.set(title, [...(sections.get(title) ?? []), [keys, label]]);
    }
    if (this.#hasFindings) sections.set(words("keys-finding"), this.#findingKeys());
    return sections;
  }

  /** True on the reading desk; adjudicators decide classes and add no findings. */
  get #hasFindings() {
    return this.deps.desk.querySelector(".findings") !== null;
  }

  /**
   * Keys without a control to read them from: those of finding rows, which exist only when there are
   * findings, and Escape.
   *
   * @returns {KeyRow[]}
   */
  #findingKeys() {
    const { words } = this.deps;
    return [
      [["-"], words("less-certain")],
      [["Plus", "="], words("more-certain")],
      [["i"], words("not-assessable-toggle")],
      [["j"], words("next-finding")],
      [["Delete", "Backspace"], words("remove-last")],
      [["Escape"], words("key-escape")],
    ];
  }

  /** @param {KeyRow} row */
  #row([keys, label]) {
    return make(
      "div",
      {},
      make("dt", {}, ...keys.map((key) => this.#cap(key, label))),
      make("dd", {}, label),
    );
  }

  /**
   * Build a key cap. It is a button that changes the key, unless the key is fixed.
   *
   * @param {string} key
   * @param {string} label
   */
  #cap(key, label) {
    const { keys, words } = this.deps;
    const caps = keyCaps(keys.chosen(key));
    if (FIXED.includes(key)) return make("kbd", {}, caps);
    const isCustom = keys.chosen(key) !== key;
    return make(
      "button",
      {
        type: "button",
        class: `key-change${isCustom ? " is-own" : ""}`,
        "data-change": key,
        "data-label": label,
        "aria-label": words("key-change", { key: caps, label }),
      },
      make("kbd", {}, caps),
    );
  }

  /** @param {HTMLElement | null} button */
  #listen(button) {
    if (!button) return;
    this.#listening = button.dataset.change ?? null;
    for (const other of this.part("keys").querySelectorAll(".is-listening"))
      other.classList.remove("is-listening");
    button.classList.add("is-listening");
    this.#say(this.deps.words("key-press", { label: button.dataset.label }));
  }

  /**
   * While the reader is changing a key, take the next key press as the new key. Escape cancels.
   *
   * @param {KeyboardEvent} event
   */
  #handleKey(event) {
    if (!this.#listening || ONLY_MODIFIERS.has(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const newKey = shortcut(event);
    if (newKey === "Escape") this.#end("");
    else this.#choose(this.#listening, newKey);
  }

  /**
   * @param {string} key
   * @param {string} newKey
   */
  #choose(key, newKey) {
    const { keys, words } = this.deps;
    const problem = objection(keys.map, this.#allKeys(), key, newKey);
    if (problem && problem.kind !== "taken")
      return this.#say(words(`key-${problem.kind}`, { key: keyCaps(newKey) }));
    if (problem) return this.#warn(key, newKey, problem.by);
    keys.assign(key, newKey);
    return this.#end(words("key-changed", { key: keyCaps(newKey) }));
  }

  /**
   * Say which command already uses the key, and offer to swap the two keys.
   *
   * @param {string} key
   * @param {string} newKey
   * @param {string} by
   */
  #warn(key, newKey, by) {
    const { keys, words } = this.deps;
    const label = this.#keyButton(by)?.dataset.label ?? by;
    const swap = make("button", { type: "button", class: "button-quiet" }, words("key-swap"));
    const keep = make("button", { type: "button", class: "button-quiet" }, words("key-unchanged"));
    swap.addEventListener("click", () => {
      keys.assign(key, newKey);
      this.#end(words("key-changed", { key: keyCaps(newKey) }));
    });
    keep.addEventListener("click", () => this.#end(""));
    this.#pause(key);
    this.#say(words("key-taken", { key: keyCaps(newKey), label }), swap, keep);
    swap.focus();
  }

  /** The keys on the page and those of finding rows, which do not exist while there is no finding. */
  #allKeys() {
    const findingKeys = this.#hasFindings ? this.#findingKeys().flatMap(([keys]) => keys) : [];
    return [...new Set([...this.deps.keys.defaults, ...findingKeys])];
  }

  #restore() {
    this.deps.keys.restoreDefaults();
    this.#end(this.deps.words("shortcuts-reset"));
    this.part("single-keys").focus();
  }

  /** @param {string} key */
  #keyButton(key) {
    return /** @type {HTMLElement | null} */ (
      this.part("keys").querySelector(`[data-change="${CSS.escape(key)}"]`)
    );
  }

  /** @param {string} key */
  #pause(key) {
    this.#listening = null;
    this.#asking = key;
  }

  /** @param {string} sentence */
  #end(sentence) {
    const at = this.#listening ?? this.#asking;
    this.#listening = null;
    this.#asking = null;
    this.#draw(at);
    this.#say(sentence);
  }

  /**
   * @param {string} sentence
   * @param {HTMLElement[]} buttons
   */
  #say(sentence, ...buttons) {
    this.part("shortcut-notice").replaceChildren(sentence, ...buttons);
  }
}
