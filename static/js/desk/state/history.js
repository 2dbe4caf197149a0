// The steps of one reading that can be taken back: `{past, present}`. Pure.

import { same } from "./labels.js";

export function begin(content) {
  return Object.freeze({ past: Object.freeze([]), present: content });
}

/** Go on to `content`. Letters of a comment are one step, or undo would take them back one by one. */
export function step(history, content) {
  if (same(history.present, content) && history.present.comment === content.comment) return history;
  const isTyping =
    onlyCommentChanged(history.present, content) && onlyCommentChanged(history.past.at(-1), history.present);
  const past = isTyping ? history.past : [...history.past, history.present];
  return Object.freeze({ past: Object.freeze(past), present: content });
}

export function undo(history) {
  if (history.past.length === 0) return history;
  return Object.freeze({ past: Object.freeze(history.past.slice(0, -1)), present: history.past.at(-1) });
}

function onlyCommentChanged(before, after) {
  return (
    Boolean(before) &&
    before.comment !== after.comment &&
    same({ ...before, comment: "" }, { ...after, comment: "" })
  );
}
