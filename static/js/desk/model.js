// What a model says of an exam, and how it stands to what the reader says. Pure.

/** What is shown of the measurements, in this order: field, key of its name, unit, decimals. */
const READOUTS = [
  ["heart_rate_bpm", "measured-rate", "bpm", 0],
  ["pr_ms", "measured-pr", "ms", 0],
  ["qrs_ms", "measured-qrs", "ms", 0],
  ["qt_ms", "measured-qt", "ms", 0],
  ["qtc_fridericia_ms", "measured-qtc", "ms", 0],
  ["axis_deg", "measured-axis", "°", 0],
];

/** Strength is no probability: from these values on it is called so. */
const STRENGTHS = [["strong", 0.8], ["moderate", 0.6], ["weak", 0]];

/** What was made of the suggestion of `code` when it was signed, or undefined. */
export function decided({ reading, revision }, code) {
  const signed = [...(revision?.decisions ?? []), ...(reading?.decisions ?? [])];
  return signed.find((one) => one.class === code)?.verdict;
}

/** The name of a strength: "weak", "moderate" or "strong". */
export function strengthName(strength) {
  return STRENGTHS.find(([, least]) => strength >= least)[0];
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

/** The measurements to show, as text with their unit; text is null where there is a reason instead. */
export function readouts(measurements) {
  return READOUTS.filter(([field]) => measurements[field]).map(([field, name, unit, decimals]) => {
    const { value, n_beats: nBeats, reason } = measurements[field];
    const space = unit === "°" ? "" : " ";
    return { name, text: value === null ? null : `${value.toFixed(decimals)}${space}${unit}`, nBeats, reason };
  });
}
