// The model's answer on an exam, compared with the reader's findings. Pure.

import { quantity } from "./verdicts.js";

/** @import { Assignment, Decision, ModelMeasurement, SuggestionsAnswer } from "../types.js" */

/**
 * The measurements to show, in order: field, key of the name, unit, decimals.
 *
 * @type {[string, string, string, number][]}
 */
const READOUTS = [
  ["heart_rate_bpm", "measured-rate", "bpm", 0],
  ["pr_ms", "measured-pr", "ms", 0],
  ["qrs_ms", "measured-qrs", "ms", 0],
  ["qt_ms", "measured-qt", "ms", 0],
  ["qtc", "", "ms", 0],
  ["axis_deg", "measured-axis", "°", 0],
];

/**
 * The signed decision on the suggestion of `code`, or undefined.
 *
 * @param {Pick<Assignment, "reading" | "revision">} assignment
 * @param {string} code
 * @returns {Decision | undefined}
 */
export function decided({ reading, revision }, code) {
  const signed = [...(revision?.decisions ?? []), ...(reading?.decisions ?? [])];
  return (
    signed.find((one) => one.class === code)?.verdict ??
    (isConfirmed({ reading }, code) ? "accepted" : undefined)
  );
}

/**
 * Did the reader agree with the suggestion of `code` without revising?
 *
 * @param {Pick<Assignment, "reading">} assignment
 * @param {string} code
 */
export function isConfirmed({ reading }, code) {
  return Boolean(reading?.confirmed?.includes(code));
}

/**
 * Did the reader find `code` before knowing that it is suggested?
 *
 * @param {Pick<Assignment, "reading">} assignment
 * @param {string} code
 */
export function isShared({ reading }, code) {
  return Boolean(reading?.findings.some((finding) => finding.class === code));
}

/**
 * The reader's own classes that the model does not suggest: "not-suggested" when it checks the class,
 * "not-assessed" when it never does.
 *
 * @param {string[]} codes
 * @param {Pick<SuggestionsAnswer, "suggestions" | "covered_classes">} answer
 */
export function comparisons(codes, { suggestions, covered_classes: covered }) {
  const suggested = new Set(suggestions.map((one) => one.class));
  return codes
    .filter((code) => !suggested.has(code))
    .map((code) => ({ code, status: covered.includes(code) ? "not-suggested" : "not-assessed" }));
}

/**
 * The measurements to show, as text with unit; text is null where there is a reason instead.
 *
 * @param {Record<string, ModelMeasurement>} measurements
 * @param {string} formula for QT correction; version 1 of the model named none and used Fridericia's
 * @param {string} language
 */
export function readouts(measurements, formula, language) {
  /** @type {[string, string, string, number][]} */
  const fields = READOUTS.map(([field, name, ...rest]) =>
    field === "qtc"
      ? [`qtc_${formula || "fridericia"}_ms`, `check-qtc_${formula || "fridericia"}_ms`, ...rest]
      : [field, name, ...rest],
  );
  return fields
    .filter(([field]) => measurements[field])
    .map(([field, name, unit, decimals]) => {
      const { value, n_beats: nBeats, reason } = measurements[field];
      return {
        name,
        text: value === null ? null : quantity(value, decimals, unit, language),
        nBeats,
        reason,
      };
    });
}
