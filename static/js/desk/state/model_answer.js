// What a model says of an exam, and how it stands to what the reader says. Pure.

import { quantity } from "./verdicts.js";

/** What is shown of the measurements, in this order: field, key of its name, unit, decimals. */
const READOUTS = [
  ["heart_rate_bpm", "measured-rate", "bpm", 0],
  ["pr_ms", "measured-pr", "ms", 0],
  ["qrs_ms", "measured-qrs", "ms", 0],
  ["qt_ms", "measured-qt", "ms", 0],
  ["qtc", "", "ms", 0],
  ["axis_deg", "measured-axis", "°", 0],
];

/** What was made of the suggestion of `code` when it was signed, or undefined. */
export function decided({ reading, revision }, code) {
  const signed = [...(revision?.decisions ?? []), ...(reading?.decisions ?? [])];
  return (
    signed.find((one) => one.class === code)?.verdict ??
    (isConfirmed({ reading }, code) ? "accepted" : undefined)
  );
}

/** Did the reader agree with the suggestion of `code` without revising? */
export function isConfirmed({ reading }, code) {
  return Boolean(reading?.confirmed?.includes(code));
}

/** Did the reader give `code` before they knew that it is suggested? */
export function isShared({ reading }, code) {
  return Boolean(reading?.findings.some((finding) => finding.class === code));
}

/**
 * The reader's own classes that the model does not suggest, each with its standing:
 * "not-suggested" when the model looked for it, "not-assessed" when it never does.
 */
export function standings(codes, { suggestions, covered_classes: covered }) {
  const suggested = new Set(suggestions.map((one) => one.class));
  return codes
    .filter((code) => !suggested.has(code))
    .map((code) => ({ code, standing: covered.includes(code) ? "not-suggested" : "not-assessed" }));
}

/**
 * The measurements to show, as text with their unit; text is null where there is a reason instead.
 *
 * @param {string} formula by which QT is corrected; version 1 of the model named none, and used Fridericia's
 */
export function readouts(measurements, formula, language) {
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
