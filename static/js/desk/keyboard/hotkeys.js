// A control names its own key in aria-keyshortcuts. Pressing the key clicks the control, so that mouse,
// keyboard, touch and screen readers all use the same handler. A field is focused instead.

import { closestTo, findAll } from "../../dom.js";

/** @typedef {Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">} KeyPress */

const TYPED_INTO = "input:not([type=checkbox], [type=radio]), textarea, [contenteditable]";
const FIELDS = `${TYPED_INTO}, select`;

/** Shortcuts that also work while a field has focus. */
const EVERYWHERE = new Set(["Control+Enter", "F1", "Escape"]);

/** @type {Record<string, string | undefined>} */
const SPELLING = { " ": "Space", "+": "Plus" };

/**
 * Return the pressed key in the notation of aria-keyshortcuts: "a", "ArrowRight", "Shift+J",
 * "Control+Enter".
 *
 * Shift is left out for symbols such as "?", because whether they need it depends on the keyboard layout.
 *
 * @param {KeyPress} event
 */
export function shortcut({ key, ctrlKey, altKey, shiftKey, metaKey }) {
  const isLetter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
  const isSign = key.length === 1 && !isLetter && key !== " ";
  const modifiers = [
    (ctrlKey || metaKey) && "Control", // Command on a Mac corresponds to Control elsewhere
    altKey && "Alt",
    shiftKey && !isSign && "Shift",
  ].filter(Boolean);
  const spelled = SPELLING[key] ?? (isLetter ? cased(key, shiftKey) : key);
  return [...modifiers, spelled].join("+");
}

/**
 * Return the letter in the case that Shift implies, so that Caps Lock does not change shortcuts.
 *
 * @param {string} letter
 * @param {boolean} shiftKey
 */
function cased(letter, shiftKey) {
  return shiftKey ? letter.toUpperCase() : letter.toLowerCase();
}

/**
 * Return true for a single-character key. WCAG 2.1.4 requires that users can turn these off.
 *
 * @param {string} pressed
 */
export function isSingle(pressed) {
  const key = pressed.replace(/^Shift\+/, ""); // a capital letter is a single character too
  return !key.includes("+") && (key.length === 1 || key === "Space" || key === "Plus");
}

/**
 * Return the enabled control under `root` that has the pressed key as its shortcut, or undefined.
 *
 * @param {ParentNode} root
 * @param {string} pressed
 */
export function controlFor(root, pressed) {
  return findAll(root, "[aria-keyshortcuts]:not(:disabled, [hidden], [hidden] *)").find((control) =>
    control.getAttribute("aria-keyshortcuts")?.split(" ").includes(pressed),
  );
}

/**
 * Return true if `event` must not run a shortcut: it is already handled or a key repeat, belongs to the
 * focused field, or is a single key while these are turned off.
 *
 * @param {KeyboardEvent} event
 * @param {string} pressed
 * @param {{singleKeys: boolean}} options
 */
export function isForeign(event, pressed, { singleKeys }) {
  if (event.defaultPrevented || event.isComposing || event.repeat) return true;
  if (closestTo(event, TYPED_INTO)) return !EVERYWHERE.has(pressed);
  if (isSingle(pressed) && !singleKeys) return true;
  return Boolean(closestTo(event, "select")) && !passesSelect(pressed);
}

/**
 * Return true if the key works as a shortcut while a select has focus. A select keeps focus after a choice
 * with the mouse. It needs the arrow keys and Space. If it also took letters and digits, the reader's next
 * "1" would change the sheet's layout instead of adding a class.
 *
 * @param {string} pressed
 */
function passesSelect(pressed) {
  return (
    EVERYWHERE.has(pressed) || pressed.startsWith("Control+") || (isSingle(pressed) && pressed !== "Space")
  );
}

/**
 * Return true if the key is a shortcut that a focused select would otherwise take as the first letter of one
 * of its values.
 *
 * @param {KeyboardEvent} event
 * @param {string} pressed
 * @param {{singleKeys: boolean}} options
 */
function isTypeahead(event, pressed, { singleKeys }) {
  return singleKeys && isSingle(pressed) && pressed !== "Space" && Boolean(closestTo(event, "select"));
}

/**
 * Listen on `root` for the keys of the controls inside it.
 *
 * @param {Document | HTMLElement} root
 * @param {{singleKeys: () => boolean, scope?: () => ParentNode}} options `scope` returns the element whose
 *   controls are searched, for example an open dialog instead of the page behind it
 */
export function bindHotkeys(root, { singleKeys, scope = () => root }) {
  /** @param {KeyboardEvent} event */
  const handle = (event) => {
    const pressed = shortcut(event);
    const options = { singleKeys: singleKeys() };
    const isLeftAlone = isForeign(event, pressed, options);
    if (isTypeahead(event, pressed, options)) event.preventDefault();
    if (isLeftAlone) return;
    if (pressed === "Escape") {
      closestTo(event, FIELDS)?.blur();
      return;
    }
    const control = controlFor(scope(), pressed);
    if (!control) return;
    event.preventDefault();
    if (control.matches("select[data-steps]")) takeNext(/** @type {HTMLSelectElement} */ (control));
    else if (control.matches(FIELDS)) control.focus();
    else control.click();
  };
  root.addEventListener("keydown", (event) => handle(/** @type {KeyboardEvent} */ (event)));
}

/**
 * Choose the next value of a select without focusing it. Used for selects with data-steps, which have only a
 * few values.
 *
 * @param {HTMLSelectElement} select
 */
function takeNext(select) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}
