// A control names its own key in aria-keyshortcuts; pressing the key clicks the control, so that mouse,
// keyboard, touch and screen readers all use the same handler.

import { closestTo, findAll } from "../../dom.js";

/** @typedef {Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">} KeyPress */

const TYPED_INTO = "input:not([type=checkbox], [type=radio]), textarea, [contenteditable]";
const FIELDS = `${TYPED_INTO}, select`;

/** These keys work while a field has focus; all others belong to the field. */
const EVERYWHERE = new Set(["Control+Enter", "F1", "Escape"]);

/** @type {Record<string, string | undefined>} */
const SPELLING = { " ": "Space", "+": "Plus" };

/**
 * The key as aria-keyshortcuts spells it: "a", "ArrowRight", "Shift+J", "Control+Enter".
 *
 * Shift is left out for signs such as "?", because whether they need it depends on the keyboard layout.
 *
 * @param {KeyPress} event
 */
export function shortcut({ key, ctrlKey, altKey, shiftKey, metaKey }) {
  const isLetter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
  const isSign = key.length === 1 && !isLetter && key !== " ";
  const modifiers = [
    (ctrlKey || metaKey) && "Control", // Command on a Mac is what Control is elsewhere
    altKey && "Alt",
    shiftKey && !isSign && "Shift",
  ].filter(Boolean);
  const spelled = SPELLING[key] ?? (isLetter ? cased(key, shiftKey) : key);
  return [...modifiers, spelled].join("+");
}

/**
 * Caps Lock alone must not turn "n" into another key.
 *
 * @param {string} letter
 * @param {boolean} shiftKey
 */
function cased(letter, shiftKey) {
  return shiftKey ? letter.toUpperCase() : letter.toLowerCase();
}

/**
 * Is this a single-character key, which WCAG 2.1.4 requires to be switchable?
 *
 * @param {string} pressed
 */
export function isSingle(pressed) {
  const key = pressed.replace(/^Shift\+/, ""); // a capital letter is a single character too
  return !key.includes("+") && (key.length === 1 || key === "Space" || key === "Plus");
}

/**
 * The enabled control under `root` that claims the pressed key, or undefined.
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
 * Should `event` be left to the focused element? A held key never repeats a command.
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
 * Does the key reach the page's commands while a select has focus? After a mouse choice a select keeps focus.
 * It needs the arrows and Space; if it also took letters and digits, the reader's next "1" would change the
 * sheet's layout instead of adding a class.
 *
 * @param {string} pressed
 */
function passesSelect(pressed) {
  return (
    EVERYWHERE.has(pressed) || pressed.startsWith("Control+") || (isSingle(pressed) && pressed !== "Space")
  );
}

/**
 * Would a select take the key, which is or may become a command, as the first letter of one of its values?
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
 * @param {{singleKeys: () => boolean, scope?: () => ParentNode}} options `scope` is where controls are
 *   looked up: an open dialog takes the keys from the page behind it
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
 * A select with data-steps has only a few values: its key steps through them and leaves focus where it is.
 *
 * @param {HTMLSelectElement} select
 */
function takeNext(select) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}
