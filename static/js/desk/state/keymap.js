// Keys that the reader has reassigned (WCAG 2.1.4). Pure.
//
// A keymap is `{default key: chosen key}`: a command is identified by the default key of its control.
// Commands that are not in the map keep their default key. Two commands never share a key: choosing a key
// that is in use swaps the two.

import { isSingle } from "../keyboard/hotkeys.js";

/** @typedef {Readonly<Record<string, string>>} Keymap */

/** @typedef {{kind: "fixed"} | {kind: "reserved"} | {kind: "taken", by: string}} KeyProblem */

/**
 * Keys that cannot be changed, so that readers can recover from a confusing keymap.
 *
 * @type {readonly string[]}
 */
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

/** Browsers reserve most keys with Control or Alt and the F keys. Which ones depends on the browser. */
const LOST_TO_BROWSER = /^(Control\+|Alt\+|F\d+$)/;

/**
 * Return the key that runs the command with the default key `key`.
 *
 * @param {Keymap} keymap
 * @param {string} key
 */
export function chosen(keymap, key) {
  return keymap[key] ?? key;
}

/**
 * Translate all default keys of a control, separated by spaces as in aria-keyshortcuts.
 *
 * @param {Keymap} keymap
 * @param {string} keys
 */
export function translate(keymap, keys) {
  return keys
    .split(" ")
    .map((key) => chosen(keymap, key))
    .join(" ");
}

/**
 * Return why the command with the default key `key` cannot get `newKey`, or null if it can.
 *
 * @param {Keymap} keymap
 * @param {string[]} defaults the default keys of all commands
 * @param {string} key
 * @param {string} newKey
 * @returns {KeyProblem | null} `by` is the default key of the command that uses `newKey`
 */
export function objection(keymap, defaults, key, newKey) {
  if (FIXED.includes(key) || FIXED.includes(newKey)) return { kind: "fixed" };
  if (newKey === key || chosen(keymap, key) === newKey) return null;
  if (PAGE_KEYS.has(newKey) || LOST_TO_BROWSER.test(newKey)) return { kind: "reserved" };
  const by = defaults.find((other) => other !== key && chosen(keymap, other) === newKey);
  if (by) return FIXED.includes(by) ? { kind: "fixed" } : { kind: "taken", by };
  return ARROWS.test(newKey) || isSingle(newKey) || newKey.length > 1 ? null : { kind: "reserved" };
}

/**
 * Return the keymap in which `newKey` runs the command with the default key `key`. If another command used
 * it, the two swap keys.
 *
 * @param {Keymap} keymap
 * @param {string[]} defaults
 * @param {string} key
 * @param {string} newKey
 */
export function assign(keymap, defaults, key, newKey) {
  const before = chosen(keymap, key);
  const owner = defaults.find((other) => other !== key && chosen(keymap, other) === newKey);
  return trimmed({ ...keymap, [key]: newKey, ...(owner ? { [owner]: before } : {}) });
}

/**
 * Restore a stored keymap without its invalid entries. Returns an empty keymap if two commands have the same
 * chosen key.
 *
 * @param {unknown} stored
 * @returns {Keymap}
 */
export function restore(stored) {
  if (stored === null || typeof stored !== "object") return {};
  const pairs = Object.entries(stored).filter(
    ([key, newKey]) => typeof newKey === "string" && newKey !== "" && !FIXED.includes(key),
  );
  const isUnambiguous = new Set(pairs.map(([, newKey]) => newKey)).size === pairs.length;
  return isUnambiguous ? trimmed(Object.fromEntries(pairs)) : {};
}

/**
 * Drop entries for commands with their default key.
 *
 * @param {Record<string, string>} keymap
 * @returns {Keymap}
 */
function trimmed(keymap) {
  return Object.freeze(Object.fromEntries(Object.entries(keymap).filter(([key, newKey]) => key !== newKey)));
}
