// Compares the model's suggestions on an exam with the reader's findings. Pure.

import { quantity } from "./verdicts.js";

/** @import { Assignment, Decision, ModelMeasurement, SuggestionsAnswer } from "../types.js" */

/**
 * The measurements to show, in order: field, text key of the name, unit, decimals.
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
 * Return the submitted decision on the suggestion of `code`, or undefined.
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
 * Return true if the reader agreed with the suggestion of `code` without a second reading.
 *
 * @param {Pick<Assignment, "reading">} assignment
 * @param {string} code
 */
export function isConfirmed({ reading }, code) {
  return Boolean(reading?.confirmed?.includes(code));
}

/**
 * Return true if the reader had marked `code` in the first reading.
 *
 * @param {Pick<Assignment, "reading">} assignment
 * @param {string} code
 */
export function isShared({ reading }, code) {
  return Boolean(reading?.findings.some((finding) => finding.class === code));
}

/**
 * List the reader's own classes that the model does not suggest. The status of a class is "not-suggested" if
 * the model checks it, and "not-assessed" if it does not.
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
 * Format the measurements with units. `text` is null if there is a reason instead of a value.
 *
 * @param {Record<string, ModelMeasurement>} measurements
 * @param {string} formula of the QT correction; version 1 of the model did not name it and used Fridericia's
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
