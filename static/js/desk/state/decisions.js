// What the reader makes of each suggestion, as pure state: every function returns a new map.
//
// `{code: {verdict, isAdded}}`: what is not in it was not decided on. `isAdded` says that accepting brought the class
// into the reading, so that deciding otherwise takes it out again; nothing else is ever taken from a reader's findings.

import * as labels from "./labels.js";

const VERDICTS = Object.freeze(["accepted", "rejected", "uncertain"]);

/** What was stored of an earlier visit, as far as it still is about `codes`. */
export function restore(stored, codes) {
  const pairs = Object.entries(stored ?? {}).filter(
    ([code, one]) => codes.includes(code) && VERDICTS.includes(one?.verdict),
  );
  return Object.freeze(
    Object.fromEntries(
      pairs.map(([code, { verdict, isAdded }]) => [code, { verdict, isAdded: Boolean(isAdded) }]),
    ),
  );
}

/**
 * Decide `verdict` on `code`; deciding the same again takes the decision back.
 *
 * @returns {{decisions: object, content: object, blocker: string | null}} `blocker` is the finding that the accepted
 *   class cannot stand beside: nothing was decided then
 */
export function decide(decisions, content, code, verdict, catalogue) {
  const before = decisions[code];
  const isBack = before?.verdict === verdict;
  const cleared = before?.isAdded ? labels.remove(content, code) : content;
  if (isBack) return { decisions: without(decisions, code), content: cleared, blocker: null };
  if (verdict !== "accepted")
    return {
      decisions: withOne(decisions, code, { verdict, isAdded: false }),
      content: cleared,
      blocker: null,
    };
  const blocker = labels.blockedBy(cleared, code, catalogue);
  if (blocker) return { decisions, content, blocker };
  const isAdded = !labels.holds(cleared, code);
  return {
    decisions: withOne(decisions, code, { verdict, isAdded }),
    content: labels.add(cleared, code, catalogue),
    blocker: null,
  };
}

/** The decisions that still agree with `content`: who removes an accepted finding accepts it no more. */
export function settle(decisions, content) {
  const gone = Object.keys(decisions).filter(
    (code) => decisions[code].verdict === "accepted" && !labels.holds(content, code),
  );
  return gone.length === 0 ? decisions : gone.reduce(without, decisions);
}

/** The form in which decisions are submitted. */
export function told(decisions) {
  return Object.entries(decisions).map(([code, { verdict }]) => ({ class: code, verdict }));
}

function withOne(decisions, code, one) {
  return Object.freeze({ ...decisions, [code]: Object.freeze(one) });
}

function without(decisions, code) {
  return Object.freeze(Object.fromEntries(Object.entries(decisions).filter(([name]) => name !== code)));
}
