// The verdicts of the criteria model in words: the deciding measurement, and why a class is not suggested.
// Pure.

/** @import { Catalogue } from "./catalogue.js" */
/** @import { Check, Verdict } from "../types.js" */
/** @import { Words } from "../../texts.js" */

const MET = { above: ">", below: "<", at_least: "≥", at_most: "≤" };
const FAILED = { above: "≤", below: "≥", at_least: "<", at_most: ">" };

/**
 * A number with a true minus sign, in the reader's language.
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
 * A number with its unit; a degree sign follows without space.
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
 * One check in words: "PR 246 ms > 200 ms", or why there is no number.
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
 * The measurement without its limit: "PR 246 ms".
 *
 * @param {Pick<Check, "measurement" | "value" | "decimals" | "unit">} check
 * @param {Words} words
 * @param {string} language
 */
export function measuredText({ measurement, value, decimals, unit }, words, language) {
  return `${words(`check-${measurement}`)} ${quantity(value, decimals, unit, language)}`;
}

/**
 * The basis of a suggestion, and by how much the limit is exceeded.
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
 * Why a class is not suggested.
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
 * Within a sentence a check starts in lower case, unless it starts with an abbreviation.
 *
 * @param {string} text
 */
function inSentence(text) {
  return /^\p{Lu}\p{Ll}/u.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}

/**
 * The verdicts on classes that are not suggested, by state, as far as the page knows the classes.
 *
 * @param {Verdict[]} verdicts
 * @param {Catalogue} catalogue
 */
export function notSuggested(verdicts, catalogue) {
  const ofKnownClasses = verdicts.filter((one) => catalogue.has(one.class));
  return {
    withheld: ofKnownClasses.filter(({ state }) => state === "withheld"),
    notMet: ofKnownClasses.filter(({ state }) => state === "not_met"),
  };
}

/**
 * As many decimals as the limit was published with.
 *
 * @param {Pick<Check, "limit" | "unit">} check
 * @param {string} language
 */
function limitText({ limit, unit }, language) {
  const decimals = (String(limit).split(".")[1] ?? "").length;
  return quantity(limit, decimals, unit, language);
}
