// The reader's decisions on suggestions, as pure state: every function returns a new map.
//
// A class that is not in the map was not decided on. `isAdded` records that accepting added the class to the
// reading, so that deciding otherwise removes it again; nothing else is ever removed from a reader's
// findings.

import * as labels from "./labels.js";

/** @import { Catalogue } from "./catalogue.js" */
/** @import { Content, Decision, SubmittedDecision } from "../types.js" */

/** @typedef {Readonly<Record<string, {verdict: Decision, isAdded: boolean}>>} Decisions by class */

/** @type {readonly Decision[]} */
const VERDICTS = Object.freeze(["accepted", "rejected", "uncertain"]);

/**
 * Stored decisions of an earlier visit, as far as they are about `codes`.
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
 * Decide `verdict` on `code`; deciding the same again withdraws the decision.
 *
 * @param {Decisions} decisions
 * @param {Content} content
 * @param {string} code
 * @param {Decision} verdict
 * @param {Catalogue} catalogue
 * @returns {{decisions: Decisions, content: Content, blocker: string | null}} `blocker` is the finding that
 *   contradicts the accepted class: then nothing was decided
 */
export function decide(decisions, content, code, verdict, catalogue) {
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
  const blocker = labels.blockedBy(cleared, code, catalogue);
  if (blocker) return { decisions, content, blocker };
  const isAdded = !labels.holds(cleared, code);
  return {
    decisions: withOne(decisions, code, { verdict, isAdded }),
    content: labels.add(cleared, code, catalogue),
    blocker: null,
  };
}

/**
 * The decisions that still agree with `content`: removing an accepted finding withdraws the acceptance.
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
 * The form in which decisions are submitted.
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
