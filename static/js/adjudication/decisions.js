// What an adjudicator has entered for an exam, and what is still missing. Pure.

/** @import { Answer, Case, Decisions, Entry, ShownReading, Stage } from "./types.js" */

/** @type {Entry} */
const EMPTY = Object.freeze({ answer: null, reason: "" });

/**
 * Return the first entries for `of`: none, or those of the adjudicator's earlier stage, to confirm or change.
 *
 * @param {Case} of
 * @returns {Decisions}
 */
export function begin(of) {
  const last = of.decided.at(-1);
  const entries = Object.fromEntries(of.asked.map((code) => [code, EMPTY]));
  for (const { class: code, answer, reason } of last?.answers ?? []) entries[code] = { answer, reason };
  return {
    entries,
    isReadable: last && of.asks_readability ? !last.is_unreadable : null,
    comment: last?.comment ?? "",
    audit: { better: "", changesConduct: null, errors: [] },
  };
}

/**
 * Return `stored` if it fits the classes in dispute; null if the exam has changed since it was stored.
 *
 * @param {Case} of
 * @param {Decisions | null} stored
 */
export function restore(of, stored) {
  const fits = stored && of.asked.every((code) => code in stored.entries);
  return fits ? { ...begin(of), ...stored } : null;
}

/**
 * @param {Decisions} decisions
 * @param {string} code
 * @param {Partial<Entry>} change
 * @returns {Decisions}
 */
export function withEntry(decisions, code, change) {
  const entry = { ...(decisions.entries[code] ?? EMPTY), ...change };
  return { ...decisions, entries: { ...decisions.entries, [code]: entry } };
}

/**
 * Give `answer` about a class, or take it back if it was given before.
 *
 * @param {Decisions} decisions
 * @param {string} code
 * @param {Answer} answer
 */
export function toggle(decisions, code, answer) {
  const before = decisions.entries[code]?.answer;
  return withEntry(decisions, code, { answer: before === answer ? null : answer });
}

/**
 * Give `answer` as in `toggle`. A class that excludes all others, such as normal, is not present
 * together with another class: the answer that was given last holds, and contrary answers become
 * absent.
 *
 * @param {Decisions} decisions
 * @param {string} code
 * @param {Answer} answer
 * @param {(code: string) => boolean} isExclusive
 */
export function give(decisions, code, answer, isExclusive) {
  const given = toggle(decisions, code, answer);
  if (given.entries[code].answer !== "present") return given;
  const contrary = Object.keys(given.entries).filter(
    (other) => other !== code && (isExclusive(code) || isExclusive(other)),
  );
  return contrary.reduce((current, other) => withEntry(current, other, { answer: "absent" }), given);
}

/**
 * Overrule the agreement on a class, or stop overruling it.
 *
 * @param {Case} of
 * @param {Decisions} decisions
 * @param {string} code
 * @returns {Decisions}
 */
export function overrule(of, decisions, code) {
  if (!(code in decisions.entries)) {
    return withEntry(decisions, code, { answer: of.agreed.includes(code) ? "absent" : "present" });
  }
  const { [code]: _, ...entries } = decisions.entries;
  return { ...decisions, entries };
}

/**
 * The classes whose agreement the adjudicator overrules.
 *
 * @param {Case} of
 * @param {Decisions} decisions
 */
export function overruled(of, decisions) {
  return Object.keys(decisions.entries).filter((code) => !of.asked.includes(code));
}

/**
 * Return each reader's vote on a class: true, false, or null without a vote.
 *
 * @param {readonly ShownReading[]} readings
 * @param {string} code
 */
export function votesOn(readings, code) {
  return readings.map(({ is_readable: isReadable, findings, not_assessable: missing }) =>
    !isReadable || missing.includes(code) ? null : findings.some((finding) => finding.class === code),
  );
}

/**
 * Return the answer of more than half of the readers who voted on a class, or null.
 *
 * @param {readonly ShownReading[]} readings
 * @param {string} code
 * @returns {Answer | null}
 */
export function majorityOn(readings, code) {
  const votes = votesOn(readings, code).filter((vote) => vote !== null);
  const nFor = votes.filter(Boolean).length;
  if (2 * nFor === votes.length) return null;
  return 2 * nFor > votes.length ? "present" : "absent";
}

/**
 * Return the classes in dispute on which most readers agree.
 *
 * @param {Case} of
 */
export function withMajority(of) {
  return of.asked.filter((code) => majorityOn(of.readings, code) !== null);
}

/**
 * Answer every class in dispute as most readers did; leave ties open.
 *
 * @param {Case} of
 * @param {Decisions} decisions
 */
export function followMajority(of, decisions) {
  return withMajority(of).reduce(
    (current, code) => withEntry(current, code, { answer: majorityOn(of.readings, code) }),
    decisions,
  );
}

/**
 * Return what keeps the decisions from being submitted, as [text key, class]; null if nothing does.
 *
 * @param {Case} of
 * @param {Decisions} decisions
 * @returns {[key: string, code: string | null] | null}
 */
export function obstacle(of, decisions) {
  if (of.asks_readability && decisions.isReadable === null) return ["readability-open", null];
  if (!isUnreadable(of, decisions)) {
    const open = of.asked.find((code) => decisions.entries[code].answer === null);
    if (open) return ["class-open", open];
    const bare = overruled(of, decisions).find((code) => !decisions.entries[code].reason.trim());
    if (bare) return ["reason-missing", bare];
  }
  const { better, changesConduct } = decisions.audit;
  return of.asks_audit_form && (!better || changesConduct === null) ? ["audit-open", null] : null;
}

/**
 * @param {Case} of
 * @param {Decisions} decisions
 */
export function isUnreadable(of, decisions) {
  return of.asks_readability && decisions.isReadable === false;
}

/**
 * Return the request that submits the decisions on `stage`.
 *
 * @param {Case} of
 * @param {Decisions} decisions
 * @param {Stage} stage
 */
export function request(of, decisions, stage) {
  const unreadable = isUnreadable(of, decisions);
  const { better, changesConduct, errors } = decisions.audit;
  return {
    stage,
    is_unreadable: unreadable,
    answers: unreadable
      ? []
      : Object.entries(decisions.entries).map(([code, { answer, reason }]) => ({
          class: code,
          answer,
          reason,
        })),
    comment: decisions.comment,
    audit_form: of.asks_audit_form
      ? { better_report: better, would_change_conduct: changesConduct, error_types: errors }
      : null,
  };
}
