// A control names its own key in aria-keyshortcuts; pressing the key clicks the control.
// So mouse, keyboard, touch and screen reader all run the same one handler.

const TYPED_INTO = "input:not([type=checkbox], [type=radio]), textarea, [contenteditable]";
const FIELDS = `${TYPED_INTO}, select`;

/** The keys that work while a field has the focus; all others belong to the field. */
const EVERYWHERE = new Set(["Control+Enter", "F1", "Escape"]);

const SPELLING = { " ": "Space", "+": "Plus" };

/**
 * The key as aria-keyshortcuts spells it: "a", "ArrowRight", "Shift+J", "Control+Enter".
 *
 * Shift is left out for signs such as "?", because whether they need it depends on the keyboard's layout.
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

/** Caps Lock alone must not turn "n" into another key. */
function cased(letter, shiftKey) {
  return shiftKey ? letter.toUpperCase() : letter.toLowerCase();
}

/** Is this a key that WCAG 2.1.4 wants to be able to switch off? */
export function isSingle(pressed) {
  const key = pressed.replace(/^Shift\+/, ""); // a capital letter is a single character too
  return !key.includes("+") && (key.length === 1 || key === "Space" || key === "Plus");
}

/** The enabled control under `root` that claims the pressed key, or undefined. */
export function controlFor(root, pressed) {
  return [...root.querySelectorAll("[aria-keyshortcuts]:not(:disabled, [hidden], [hidden] *)")].find(
    (control) => control.getAttribute("aria-keyshortcuts").split(" ").includes(pressed),
  );
}

/** Should `event` be left to whatever has the focus? A held key never repeats a command. */
export function isForeign(event, pressed, { singleKeys }) {
  if (event.defaultPrevented || event.isComposing || event.repeat) return true;
  if (event.target.closest(TYPED_INTO)) return !EVERYWHERE.has(pressed);
  if (isSingle(pressed) && !singleKeys) return true;
  return Boolean(event.target.closest("select")) && !passesSelect(pressed);
}

/**
 * Chosen with the mouse, a select keeps the focus. It needs the arrows and Space; were letters and digits
 * its own too, the reader's next "1" would change the arrangement of the sheet instead of adding a class.
 */
function passesSelect(pressed) {
  return (
    EVERYWHERE.has(pressed) || pressed.startsWith("Control+") || (isSingle(pressed) && pressed !== "Space")
  );
}

/** Would a select take the key, which is or may become a command, for the first letter of one of its values? */
function isTypeahead(event, pressed, { singleKeys }) {
  return singleKeys && isSingle(pressed) && pressed !== "Space" && Boolean(event.target.closest("select"));
}

/**
 * Listen on `root` for the keys of the controls inside it.
 *
 * @param {Document | HTMLElement} root
 * @param {{singleKeys: () => boolean, scope?: () => ParentNode}} options `scope` is where controls are looked
 *   for: an open dialog takes the keys of the page behind it away.
 */
export function bindHotkeys(root, { singleKeys, scope = () => root }) {
  root.addEventListener("keydown", (event) => {
    const pressed = shortcut(event);
    const options = { singleKeys: singleKeys() };
    const isOthers = isForeign(event, pressed, options);
    if (isTypeahead(event, pressed, options)) event.preventDefault();
    if (isOthers) return;
    if (pressed === "Escape") {
      event.target.closest(FIELDS)?.blur();
      return;
    }
    const control = controlFor(scope(), pressed);
    if (!control) return;
    event.preventDefault();
    if (control.matches("select[data-steps]")) takeNext(control);
    else if (control.matches(FIELDS)) control.focus();
    else control.click();
  });
}

/** A select that says data-steps has a handful of values: its key goes round them and leaves the focus where it is. */
function takeNext(select) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}
