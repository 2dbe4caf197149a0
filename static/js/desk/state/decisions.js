// The reader's decisions on suggestions, as pure state: every function returns a new map.
//
// A class that is not in the map has no decision. `isAdded` records that accepting the suggestion added the
// class to the reading, so that changing the decision removes it again. No other finding of the reader is
// ever removed.

import * as labels from "./labels.js";

/** @import { Catalog } from "./catalog.js" */
/** @import { Content, Decision, SubmittedDecision } from "../types.js" */

/** @typedef {Readonly<Record<string, {verdict: Decision, isAdded: boolean}>>} Decisions by class */

/** @type {readonly Decision[]} */
const VERDICTS = Object.freeze(["accepted", "rejected", "uncertain"]);

/**
 * Restore stored decisions on the classes `codes`.
 *
 * @param {Record<string, {verdict?: Decision, isAdded?: boolean}> | null | undefined} stored
 * @param {string[]} codes
 * @returns {Decisions}
 */
export function restore(stored, codes) {
  const pairs = Object.entries(stored ?? {}).flatMap(([code, one]) => {
    const verdict = VERDICTS.find((possible) => possible === one?.verdict);
    return codes.includes(code) && verdict ? [[code, { verdict, isAdded: Boolean(one.isAdded) }]] : [];
  });
  return Object.freeze(Object.fromEntries(pairs));
}

/**
 * Set the decision on `code` to `verdict`. Repeating the same decision withdraws it.
 *
 * @param {Decisions} decisions
 * @param {Content} content
 * @param {string} code
 * @param {Decision} verdict
 * @param {Catalog} catalog
 * @returns {{decisions: Decisions, content: Content, blocker: string | null}} `blocker` is the finding that
 *   contradicts the accepted class, in which case nothing was changed
 */
export function decide(decisions, content, code, verdict, catalog) {
  const before = decisions[code];
  const isWithdrawal = before?.verdict === verdict;
  const cleared = before?.isAdded ? labels.remove(content, code) : content;
  if (isWithdrawal) return { decisions: without(decisions, code), content: cleared, blocker: null };
  if (verdict !== "accepted")
    return {
      decisions: withOne(decisions, code, { verdict, isAdded: false }),
      content: cleared,
      blocker: null,
    };
  const blocker = labels.blockedBy(cleared, code, catalog);
  if (blocker) return { decisions, content, blocker };
  const isAdded = !labels.holds(cleared, code);
  return {
    decisions: withOne(decisions, code, { verdict, isAdded }),
    content: labels.add(cleared, code, catalog),
    blocker: null,
  };
}

/**
 * Drop acceptances of classes that are no longer in `content`.
 *
 * @param {Decisions} decisions
 * @param {Content} content
 */
export function dropStale(decisions, content) {
  const gone = Object.keys(decisions).filter(
    (code) => decisions[code].verdict === "accepted" && !labels.holds(content, code),
  );
  return gone.length === 0 ? decisions : gone.reduce((rest, code) => without(rest, code), decisions);
}

/**
 * Convert decisions to the form in which they are submitted.
 *
 * @param {Decisions} decisions
 * @returns {SubmittedDecision[]}
 */
export function forSubmission(decisions) {
  return Object.entries(decisions).map(([code, { verdict }]) => ({ class: code, verdict }));
}

/**
 * @param {Decisions} decisions
 * @param {string} code
 * @param {Decisions[string]} one
 * @returns {Decisions}
 */
function withOne(decisions, code, one) {
  return Object.freeze({ ...decisions, [code]: Object.freeze(one) });
}

/**
 * @param {Decisions} decisions
 * @param {string} code
 * @returns {Decisions}
 */
function without(decisions, code) {
  return Object.freeze(Object.fromEntries(Object.entries(decisions).filter(([name]) => name !== code)));
}
