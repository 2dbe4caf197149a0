// Which key runs which command when the reader has chosen others (WCAG 2.1.4). Pure.
//
// A keymap is `{given: chosen}`: a command is known by the key its control is given in the page. What is not
// in the map keeps its key. No two commands ever have the same key: taking one that is taken swaps the two.

import { isSingle } from "../hotkeys.js";

/** These always work, whatever is chosen: they are the way back when keys are confused. */
export const FIXED = Object.freeze(["Control+Enter", "Control+z", "F1", "Escape"]);

const PAGE_KEYS = new Set([
  "Tab",
  "Shift+Tab",
  "Enter",
  "Shift+Enter",
  "Space",
  "Shift+Space",
  "Home",
  "End",
  "PageUp",
  "PageDown",
]);
const ARROWS = /^(Shift\+)?Arrow/;

/** Browsers keep most of Control and Alt and the row of F keys for themselves, each its own. */
const LOST_TO_BROWSER = /^(Control\+|Alt\+|F\d+$)/;

/** The key that runs the command given `key`. */
export function chosen(keymap, key) {
  return keymap[key] ?? key;
}

/** All keys of a control, from its aria-keyshortcuts as given. */
export function translate(keymap, keys) {
  return keys
    .split(" ")
    .map((key) => chosen(keymap, key))
    .join(" ");
}

/**
 * What speaks against running the command given `key` by `wanted`: null, `{kind: "fixed" | "reserved"}`, or
 * `{kind: "taken", by}` with the given key of the command that has it.
 *
 * @param {object} keymap @param {string[]} given the keys of all commands as given
 */
export function objection(keymap, given, key, wanted) {
  if (FIXED.includes(key) || FIXED.includes(wanted)) return { kind: "fixed" };
  if (wanted === key || chosen(keymap, key) === wanted) return null;
  if (PAGE_KEYS.has(wanted) || LOST_TO_BROWSER.test(wanted)) return { kind: "reserved" };
  const by = given.find((other) => other !== key && chosen(keymap, other) === wanted);
  if (by) return FIXED.includes(by) ? { kind: "fixed" } : { kind: "taken", by };
  return ARROWS.test(wanted) || isSingle(wanted) || wanted.length > 1 ? null : { kind: "reserved" };
}

/** The keymap in which `wanted` runs the command given `key`; a command that had it gets the other's key. */
export function assign(keymap, given, key, wanted) {
  const before = chosen(keymap, key);
  const owner = given.find((other) => other !== key && chosen(keymap, other) === wanted);
  return trimmed({ ...keymap, [key]: wanted, ...(owner ? { [owner]: before } : {}) });
}

/** A keymap from storage: only what has the shape of one, and only while no key runs two commands. */
export function restore(stored) {
  if (stored === null || typeof stored !== "object") return {};
  const pairs = Object.entries(stored).filter(
    ([key, wanted]) => typeof wanted === "string" && wanted !== "" && !FIXED.includes(key),
  );
  const isClear = new Set(pairs.map(([, wanted]) => wanted)).size === pairs.length;
  return isClear ? trimmed(Object.fromEntries(pairs)) : {};
}

/** Commands with the key they were given need no entry. */
function trimmed(keymap) {
  return Object.freeze(Object.fromEntries(Object.entries(keymap).filter(([key, wanted]) => key !== wanted)));
}
