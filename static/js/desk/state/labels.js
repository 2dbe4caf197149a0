// What the reader says about one exam, as pure state: every function returns a new content.
//
// A content is `{findings, not_assessable, quality, problems, comment}`, the form in which it is drafted and
// submitted. A finding is `{class, certainty, localisations, measurements}`. A class is found, not assessable,
// or absent: never two of them. The normal class stands alone and blocks; all other contradictions only warn,
// because an exam may hold several tracings with different rhythms.

import * as evidence from "./evidence.js";

export const CERTAINTIES = Object.freeze(["possible", "probable", "definite"]);
const QUALITIES = Object.freeze(["good", "acceptable", "poor", "unreadable"]);
export const PROBLEMS = Object.freeze(["noise", "lead_off", "reversal", "calibration", "other"]);

/** What a reading starts from. */
export function blank() {
  return freeze({ findings: [], not_assessable: [], quality: "good", problems: [], comment: "" });
}

/** A content from outside, with what it lacks filled in and classes the taxonomy does not know left out. */
export function restore(content, catalogue) {
  const { findings = [], not_assessable = [], quality, problems = [], comment } = content ?? {};
  const known = findings.filter((finding) => catalogue.has(finding.class));
  const found = new Set(known.map((finding) => finding.class));
  return freeze({
    findings: known.map((finding) => ({
      class: finding.class,
      certainty: CERTAINTIES.includes(finding.certainty) ? finding.certainty : "definite",
      ...evidence.restore(finding),
    })),
    not_assessable: [...new Set(not_assessable)].filter((code) => catalogue.has(code) && !found.has(code)),
    quality: QUALITIES.includes(quality) ? quality : "good",
    problems: problems
      .filter(({ kind }) => PROBLEMS.includes(kind))
      .map(({ kind, leads = [] }) => ({ kind, leads: [...leads] })),
    comment: comment ?? "",
  });
}

export function holds(content, code) {
  return content.findings.some((finding) => finding.class === code);
}

export function cannotAssess(content, code) {
  return content.not_assessable.includes(code);
}

/** The codes of all that the reader has said something about, findings first. */
export function mentioned(content) {
  return [...content.findings.map((finding) => finding.class), ...content.not_assessable];
}

/** Which class forbids adding `code`, or null when it may be added. */
export function blockedBy(content, code, catalogue) {
  if (holds(content, code) || content.findings.length === 0) return null;
  if (catalogue.isExclusive(code)) return content.findings[0].class;
  return content.findings.find((finding) => catalogue.isExclusive(finding.class))?.class ?? null;
}

/** Add a finding at the end; the content unchanged when it is there already or blocked. */
export function add(content, code, catalogue) {
  if (holds(content, code) || blockedBy(content, code, catalogue)) return content;
  const finding = { class: code, certainty: "definite", localisations: [], measurements: [] };
  return freeze({
    ...content,
    findings: [...content.findings, finding],
    not_assessable: without(content.not_assessable, code),
  });
}

/** Say nothing about `code` any more. */
export function remove(content, code) {
  const findings = content.findings.filter((finding) => finding.class !== code);
  return freeze({ ...content, findings, not_assessable: without(content.not_assessable, code) });
}

/** `code` can be called neither present nor absent. The normal ECG is a statement on all classes: it is read or not. */
export function setNotAssessable(content, code, catalogue) {
  if (catalogue.isExclusive(code) || cannotAssess(content, code)) return content;
  const rest = remove(content, code);
  return freeze({ ...rest, not_assessable: [...rest.not_assessable, code] });
}

/** From found to not assessable and back. */
export function toggleNotAssessable(content, code, catalogue) {
  if (!cannotAssess(content, code)) return setNotAssessable(content, code, catalogue);
  return blockedBy(content, code, catalogue) ? content : add(content, code, catalogue);
}

export function setCertainty(content, code, certainty) {
  return change(content, code, (finding) => ({ ...finding, certainty }));
}

/** The place where a finding is seen, as dragged on the sheet. */
export function localise(content, code, localisation) {
  return change(content, code, (finding) => evidence.withLocalisation(finding, localisation));
}

/** A measurement that justifies a finding. */
export function measure(content, code, measurement) {
  return change(content, code, (finding) => evidence.withMeasurement(finding, measurement));
}

/** Take one piece of evidence away: number `index` of the finding's `kind`, "localisations" or "measurements". */
export function dropEvidence(content, code, kind, index) {
  return change(content, code, (finding) => ({
    ...finding,
    [kind]: finding[kind].filter((_, i) => i !== index),
  }));
}

/**
 * A good signal has no problems: what was said of them goes with it. Unreadable, said once more, takes away what was
 * said of the classes: nothing can be found there.
 */
export function setQuality(content, quality) {
  if (quality === "unreadable" && content.quality === quality)
    return freeze({ ...content, findings: [], not_assessable: [] });
  return freeze({ ...content, quality, problems: quality === "good" ? [] : content.problems });
}

export function hasProblem(content, kind) {
  return content.problems.some((problem) => problem.kind === kind);
}

export function toggleProblem(content, kind) {
  const problems = hasProblem(content, kind)
    ? content.problems.filter((problem) => problem.kind !== kind)
    : [...content.problems, { kind, leads: [] }];
  return freeze({ ...content, problems });
}

/** Say that the problem `kind` is, or is not, one of `lead`; leads keep the order of `names`. */
export function toggleProblemLead(content, kind, lead, names) {
  const turn = (leads) =>
    leads.includes(lead)
      ? without(leads, lead)
      : names.filter((name) => name === lead || leads.includes(name));
  const problems = content.problems.map((problem) =>
    problem.kind === kind ? { ...problem, leads: turn(problem.leads) } : problem,
  );
  return freeze({ ...content, problems });
}

export function setComment(content, comment) {
  return freeze({ ...content, comment });
}

/** Do two contents say the same? The order of what is said says nothing. */
export function same(one, other) {
  return fingerprint(one) === fingerprint(other);
}

function fingerprint({ findings = [], not_assessable = [], quality, problems = [], comment }) {
  return JSON.stringify([
    findings
      .map((finding) => `${finding.class}:${finding.certainty}:${evidence.fingerprint(finding)}`)
      .sort(),
    [...not_assessable].sort(),
    quality,
    problems.map(({ kind, leads = [] }) => `${kind}:${[...leads].sort().join()}`).sort(),
    (comment ?? "").trim(),
  ]);
}

function change(content, code, edit) {
  const findings = content.findings.map((finding) => (finding.class === code ? edit(finding) : finding));
  return freeze({ ...content, findings });
}

function without(list, value) {
  return list.filter((one) => one !== value);
}

function freeze(content) {
  return Object.freeze({
    ...content,
    findings: Object.freeze(content.findings.map(Object.freeze)),
    not_assessable: Object.freeze(content.not_assessable),
    problems: Object.freeze(content.problems.map(Object.freeze)),
  });
}
