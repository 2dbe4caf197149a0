// The verdicts of the criteria model put into words: which measurement decides, and why a class is not suggested. Pure.

const MET = { above: ">", below: "<", at_least: "≥", at_most: "≤" };
const FAILED = { above: "≤", below: "≥", at_least: "<", at_most: ">" };

/** A number with its true minus sign, in the reader's language. */
export function number(value, decimals, language) {
  const text = value.toLocaleString(language, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
    useGrouping: false,
  });
  return text.replace("-", "−");
}

/** A number with its unit: no space stands before a degree sign. */
export function quantity(value, decimals, unit, language) {
  const text = number(value, decimals, language);
  return unit === "" ? text : `${text}${unit === "°" ? "" : " "}${unit}`;
}

/** One check as words: "PR 246 ms > 200 ms", or why there is no number. */
export function checkText(check, words, language) {
  if (check.outcome === "missing")
    return words("check-missing", {
      name: words(`check-${check.measurement}`),
      why: words(`missing-${check.missing}`),
    });
  const sign = (check.outcome === "failed" ? FAILED : MET)[check.comparison];
  return `${measuredText(check, words, language)} ${sign} ${limitText(check, language)}`;
}

/** What was measured, without its limit: "PR 246 ms". */
export function measuredText({ measurement, value, decimals, unit }, words, language) {
  return `${words(`check-${measurement}`)} ${quantity(value, decimals, unit, language)}`;
}

/** What a suggestion rests on, and by how much the limit is passed. */
export function evidenceText({ checks: [main] }, words, language) {
  const by = quantity(Math.abs(main.value - main.limit), main.decimals, main.unit, language);
  return words("evidence", {
    check: checkText(main, words, language),
    by,
    count: main.n_beats,
    found: main.n_beats_found,
  });
}

/** Why a class is not suggested. */
export function silenceText({ state, reason, checks }, words, language) {
  const [main, other] = checks.map((check) => checkText(check, words, language));
  const why = words(`why-${reason}`);
  if (main === undefined) return why;
  if (state === "not_met" && other === undefined) return main;
  if (reason === "not_measured")
    return other === undefined ? main : words("silence-unmeasured", { main, other });
  return other === undefined
    ? words("silence", { main, why })
    : words("silence-because", { main, why, other: inSentence(other) });
}

/** A check further on in a sentence begins small, unless it begins with an abbreviation. */
function inSentence(text) {
  return /^\p{Lu}\p{Ll}/u.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}

/** The verdicts on what is not suggested, by state, of classes that the page knows. */
export function silences(verdicts, catalogue) {
  const known = verdicts.filter((one) => catalogue.has(one.class));
  return {
    withheld: known.filter(({ state }) => state === "withheld"),
    notMet: known.filter(({ state }) => state === "not_met"),
  };
}

/** As many decimals as the limit was published with. */
function limitText({ limit, unit }, language) {
  const decimals = (String(limit).split(".")[1] ?? "").length;
  return quantity(limit, decimals, unit, language);
}
