// Describes the verdicts of the criteria model: the deciding measurement, and why a class is not suggested.
// Pure.

/** @import { Catalog } from "./catalog.js" */
/** @import { Check, Verdict } from "../types.js" */
/** @import { Words } from "../../texts.js" */

const MET = { above: ">", below: "<", at_least: "≥", at_most: "≤" };
const FAILED = { above: "≤", below: "≥", at_least: "<", at_most: ">" };

/**
 * Format a number in the reader's language with a true minus sign.
 *
 * @param {number} value
 * @param {number} decimals
 * @param {string} language
 */
export function number(value, decimals, language) {
  const text = value.toLocaleString(language, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    useGrouping: false,
  });
  return text.replace("-", "−");
}

/**
 * Format a number with its unit. A degree sign follows without a space.
 *
 * @param {number} value
 * @param {number} decimals
 * @param {string} unit
 * @param {string} language
 */
export function quantity(value, decimals, unit, language) {
  const text = number(value, decimals, language);
  return unit === "" ? text : `${text}${unit === "°" ? "" : " "}${unit}`;
}

/**
 * Describe a check, such as "PR 246 ms > 200 ms", or say why there is no measurement.
 *
 * @param {Check} check
 * @param {Words} words
 * @param {string} language
 */
export function checkText(check, words, language) {
  if (check.outcome === "missing")
    return words("check-missing", {
      name: words(`check-${check.measurement}`),
      reason: words(`missing-${check.missing}`),
    });
  const sign = (check.outcome === "failed" ? FAILED : MET)[check.comparison];
  return `${measuredText(check, words, language)} ${sign} ${limitText(check, language)}`;
}

/**
 * Describe a measurement without its limit, such as "PR 246 ms".
 *
 * @param {Pick<Check, "measurement" | "value" | "decimals" | "unit">} check
 * @param {Words} words
 * @param {string} language
 */
export function measuredText({ measurement, value, decimals, unit }, words, language) {
  return `${words(`check-${measurement}`)} ${quantity(value, decimals, unit, language)}`;
}

/**
 * Describe the evidence for a suggestion, and how far the measurement is from the limit.
 *
 * @param {Pick<Verdict, "checks">} verdict
 * @param {Words} words
 * @param {string} language
 */
export function evidenceText({ checks: [main] }, words, language) {
  const by = quantity(Math.abs(main.value - main.limit), main.decimals, main.unit, language);
  return words("evidence", {
    check: checkText(main, words, language),
    by,
    count: main.n_beats,
    total: main.n_beats_found,
  });
}

/**
 * Explain why a class is not suggested.
 *
 * @param {Verdict} verdict
 * @param {Words} words
 * @param {string} language
 */
export function notSuggestedText({ state, reason, checks }, words, language) {
  const [main, other] = checks.map((check) => checkText(check, words, language));
  const why = words(`why-${reason}`);
  if (main === undefined) return why;
  if (state === "not_met" && other === undefined) return main;
  if (reason === "not_measured")
    return other === undefined ? main : words("not-suggested-unmeasured", { main, other });
  return other === undefined
    ? words("not-suggested-because", { main, reason: why })
    : words("not-suggested-because-of", { main, reason: why, other: inSentence(other) });
}

/**
 * Write the first letter in lower case, for use within a sentence, unless it begins an abbreviation.
 *
 * @param {string} text
 */
function inSentence(text) {
  return /^\p{Lu}\p{Ll}/u.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}

/**
 * Group by state the verdicts on classes that are not suggested. Classes unknown to the page are left out.
 *
 * @param {Verdict[]} verdicts
 * @param {Catalog} catalog
 */
export function notSuggested(verdicts, catalog) {
  const ofKnownClasses = verdicts.filter((one) => catalog.has(one.class));
  return {
    withheld: ofKnownClasses.filter(({ state }) => state === "withheld"),
    notMet: ofKnownClasses.filter(({ state }) => state === "not_met"),
  };
}

/**
 * Format the limit with as many decimals as it was published with.
 *
 * @param {Pick<Check, "limit" | "unit">} check
 * @param {string} language
 */
function limitText({ limit, unit }, language) {
  const decimals = (String(limit).split(".")[1] ?? "").length;
  return quantity(limit, decimals, unit, language);
}
