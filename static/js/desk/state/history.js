// Undo history of one reading. Pure.

import { same } from "./labels.js";

/** @import { Content } from "../types.js" */

/** @typedef {Readonly<{past: readonly Content[], present: Content}>} History */

/**
 * @param {Content} content
 * @returns {History}
 */
export function begin(content) {
  return Object.freeze({ past: Object.freeze([]), present: content });
}

/**
 * Add `content` as the next step. Consecutive changes to the comment count as one step, so that undo does
 * not remove single letters.
 *
 * @param {History} history
 * @param {Content} content
 * @returns {History}
 */
export function step(history, content) {
  if (same(history.present, content) && history.present.comment === content.comment) return history;
  const isTyping =
    onlyCommentChanged(history.present, content) && onlyCommentChanged(history.past.at(-1), history.present);
  const past = isTyping ? history.past : [...history.past, history.present];
  return Object.freeze({ past: Object.freeze(past), present: content });
}

/**
 * @param {History} history
 * @returns {History}
 */
export function undo(history) {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return Object.freeze({ past: Object.freeze(history.past.slice(0, -1)), present: before });
}

/**
 * @param {Content | undefined} before
 * @param {Content} after
 */
function onlyCommentChanged(before, after) {
  return (
    before !== undefined &&
    before.comment !== after.comment &&
    same({ ...before, comment: "" }, { ...after, comment: "" })
  );
}
