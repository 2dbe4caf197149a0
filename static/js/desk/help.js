// The list of all keys, made from the controls themselves; here the reader switches single keys off or chooses
// others (WCAG 2.1.4).

import { make, partsOf } from "../dom.js";
import { shortcut } from "./hotkeys.js";
import { FIXED, objection } from "./state/keymap.js";
import { givenKeys, keyCaps } from "./keys.js";

const SWITCH = "single-keys";
const ONLY_MODIFIERS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Dead"]);

export class Help {
  #listening = null; // the given key of the command that waits for another

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{desk: HTMLElement, keys: object, shelf: object, words: Function}} world
   */
  constructor(dialog, world) {
    this.dialog = dialog;
    this.world = world;
    this.part = partsOf(dialog);
    const toggle = this.part("single-keys");
    toggle.checked = this.singleKeys;
    toggle.addEventListener("change", () => this.#switch(toggle.checked));
    this.part("restore-keys").addEventListener("click", () => this.#restore());
    this.part("keys").addEventListener("click", (event) =>
      this.#listen(event.target.closest("[data-change]")),
    );
    dialog.addEventListener("keydown", (event) => this.#hear(event), { capture: true });
    dialog.addEventListener("cancel", (event) => this.#listening && event.preventDefault());
    dialog.addEventListener("close", () => (this.#listening = null));
    this.#mark();
  }

  /** Do letters, digits and signs work as commands? Yes, until the reader switches them off. */
  get singleKeys() {
    return this.world.shelf.read(SWITCH) ?? true;
  }

  open() {
    this.#draw();
    this.#say("");
    this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  #switch(isOn) {
    this.world.shelf.write(SWITCH, isOn);
    this.#mark();
  }

  /** Keys that do not work are not printed on their controls. */
  #mark() {
    this.world.desk.classList.toggle("is-without-single-keys", !this.singleKeys);
  }

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
    this.part("restore-keys").hidden = !this.world.keys.isOwn;
    if (focused)
      this.part("keys")
        .querySelector(`[data-change="${CSS.escape(focused)}"]`)
        ?.focus();
  }

  /** The commands by the part of the page they belong to, in its order: title → [[given keys, label]]. */
  #sections() {
    const { desk, words } = this.world;
    const sections = new Map();
    const seen = new Set();
    for (const control of desk.querySelectorAll("[aria-keyshortcuts]")) {
      if (control.closest(".finding, dialog")) continue;
      const keys = givenKeys(control);
      const label =
        control.dataset.keyLabel || control.getAttribute("aria-label") || control.textContent.trim();
      if (seen.has(keys.join(" "))) continue;
      seen.add(keys.join(" "));
      const title = control.closest("form.reading") ? words("keys-reading") : words("keys-sheet");
      sections.set(title, [...(sections.get(title) ?? []), [keys, label]]);
    }
    sections.set(words("keys-finding"), this.#findingKeys());
    return sections;
  }

  /** The keys of a finding's row are listed even while there is no finding; Escape has no control. */
  #findingKeys() {
    const { words } = this.world;
    return [
      [["-"], words("less-certain")],
      [["Plus", "="], words("more-certain")],
      [["i"], words("not-assessable-toggle")],
      [["j"], words("next-finding")],
      [["Delete", "Backspace"], words("remove-last")],
      [["Escape"], words("key-escape")],
    ];
  }

  #row([keys, label]) {
    return make(
      "div",
      {},
      make("dt", {}, ...keys.map((key) => this.#cap(key, label))),
      make("dd", {}, label),
    );
  }

  /** A key cap is the button that changes it; the keys that always work are none. */
  #cap(key, label) {
    const { keys, words } = this.world;
    const caps = keyCaps(keys.chosen(key));
    if (FIXED.includes(key)) return make("kbd", {}, caps);
    const isOwn = keys.chosen(key) !== key;
    return make(
      "button",
      {
        type: "button",
        class: `key-change${isOwn ? " is-own" : ""}`,
        "data-change": key,
        "data-label": label,
        "aria-label": words("key-change", { key: caps, label }),
      },
      make("kbd", {}, caps),
    );
  }

  #listen(button) {
    if (!button) return;
    this.#listening = button.dataset.change;
    for (const other of this.part("keys").querySelectorAll(".is-listening"))
      other.classList.remove("is-listening");
    button.classList.add("is-listening");
    this.#say(this.world.words("key-press", { label: button.dataset.label }));
  }

  /** While a command waits for its key, every key is meant for it. */
  #hear(event) {
    if (!this.#listening || ONLY_MODIFIERS.has(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const wanted = shortcut(event);
    if (wanted === "Escape") this.#end("");
    else this.#choose(this.#listening, wanted);
  }

  #choose(key, wanted) {
    const { keys, words } = this.world;
    const found = objection(keys.map, this.#allKeys(), key, wanted);
    if (found && found.kind !== "taken")
      return this.#say(words(`key-${found.kind}`, { key: keyCaps(wanted) }));
    if (found) return this.#warn(key, wanted, found.by);
    keys.assign(key, wanted);
    return this.#end(words("key-changed", { key: keyCaps(wanted) }));
  }

  /** The key has a command already: the reader sees which, and may swap the two. */
  #warn(key, wanted, by) {
    const { keys, words } = this.world;
    const label = this.part("keys").querySelector(`[data-change="${CSS.escape(by)}"]`)?.dataset.label ?? by;
    const swap = make("button", { type: "button", class: "button-quiet" }, words("key-swap"));
    const keep = make("button", { type: "button", class: "button-quiet" }, words("key-keep"));
    swap.addEventListener("click", () => {
      keys.assign(key, wanted);
      this.#end(words("key-changed", { key: keyCaps(wanted) }));
    });
    keep.addEventListener("click", () => this.#end(""));
    this.#pause(key);
    this.#say(words("key-taken", { key: keyCaps(wanted), label }), swap, keep);
    swap.focus();
  }

  /** The rows of a finding have no controls while there is none. */
  #allKeys() {
    return [...new Set([...this.world.keys.given, ...this.#findingKeys().flatMap(([keys]) => keys)])];
  }

  #restore() {
    this.world.keys.restoreDefaults();
    this.#end(this.world.words("keys-restored"));
    this.part("single-keys").focus();
  }

  #pause(key) {
    this.#listening = null;
    this.waiting = key;
  }

  #end(sentence) {
    const at = this.#listening ?? this.waiting;
    this.#listening = null;
    this.waiting = null;
    this.#draw(at);
    this.#say(sentence);
  }

  #say(sentence, ...acts) {
    this.part("keys-notice").replaceChildren(sentence, ...acts);
  }
}
