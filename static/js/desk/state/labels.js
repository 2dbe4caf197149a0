// The reader's findings for one exam, as pure state: every function returns a new content.
//
// A class is found, not assessable or absent, and never two of these. The normal class and all others
// exclude each other. All other contradictions only cause warnings, because an exam may have several
// tracings with different rhythms.

import * as evidence from "./evidence.js";

/** @import { Catalog } from "./catalog.js" */
/**
 * @import { Certainty, Content, ContentLike, EvidenceKind, Finding, Localization, Measurement, Quality }
 *   from "../types.js"
 */

/** @type {readonly Certainty[]} */
export const CERTAINTIES = Object.freeze(["possible", "probable", "definite"]);
/** @type {readonly Quality[]} */
const QUALITIES = Object.freeze(["good", "acceptable", "poor", "unreadable"]);
/** @type {readonly string[]} */
export const PROBLEMS = Object.freeze(["noise", "lead_off", "reversal", "calibration", "other"]);

/** The content that a reading starts with. */
export function blank() {
  return freeze({ findings: [], not_assessable: [], quality: "good", problems: [], comment: "" });
}

/**
 * Complete a stored or received content, and drop classes that the taxonomy does not know.
 *
 * @param {ContentLike | null | undefined} content
 * @param {Catalog} catalog
 * @returns {Content}
 */
export function restore(content, catalog) {
  const { findings = [], not_assessable = [], quality, problems = [], comment } = content ?? {};
  const known = findings.filter((finding) => catalog.has(finding.class));
  const codes = new Set(known.map((finding) => finding.class));
  return freeze({
    findings: known.map((finding) => ({
      class: finding.class,
      certainty: CERTAINTIES.includes(finding.certainty) ? finding.certainty : "definite",
      ...evidence.restore(finding),
    })),
    not_assessable: [...new Set(not_assessable)].filter((code) => catalog.has(code) && !codes.has(code)),
    quality: QUALITIES.find((known) => known === quality) ?? "good",
    problems: problems
      .filter(({ kind }) => PROBLEMS.includes(kind))
      .map(({ kind, leads = [] }) => ({ kind, leads: [...leads] })),
    comment: comment ?? "",
  });
}

/**
 * @param {Content} content
 * @param {string} code
 */
export function holds(content, code) {
  return content.findings.some((finding) => finding.class === code);
}

/**
 * @param {Content} content
 * @param {string} code
 */
export function isNotAssessable(content, code) {
  return content.not_assessable.includes(code);
}

/**
 * The codes of all classes in the content, findings first.
 *
 * @param {Content} content
 */
export function mentioned(content) {
  return [...content.findings.map((finding) => finding.class), ...content.not_assessable];
}

/**
 * Return the class that prevents adding `code`, or null.
 *
 * @param {Content} content
 * @param {string} code
 * @param {Catalog} catalog
 */
export function blockedBy(content, code, catalog) {
  if (holds(content, code) || content.findings.length === 0) return null;
  if (catalog.isExclusive(code)) return content.findings[0].class;
  return content.findings.find((finding) => catalog.isExclusive(finding.class))?.class ?? null;
}

/**
 * Add a finding at the end, and clear the class's not-assessable mark. Returns `content` itself if the
 * finding is already there or blocked.
 *
 * @param {Content} content
 * @param {string} code
 * @param {Catalog} catalog
 */
export function add(content, code, catalog) {
  if (holds(content, code) || blockedBy(content, code, catalog)) return content;
  /** @type {Finding} */
  const finding = { class: code, certainty: "definite", localisations: [], measurements: [] };
  return freeze({
    ...content,
    findings: [...content.findings, finding],
    not_assessable: without(content.not_assessable, code),
  });
}

/**
 * Remove `code` from the findings and from the classes marked not assessable.
 *
 * @param {Content} content
 * @param {string} code
 */
export function remove(content, code) {
  const findings = content.findings.filter((finding) => finding.class !== code);
  return freeze({ ...content, findings, not_assessable: without(content.not_assessable, code) });
}

/**
 * Mark `code` as not assessable. The normal class cannot be marked, because it makes a statement about all
 * classes.
 *
 * @param {Content} content
 * @param {string} code
 * @param {Catalog} catalog
 */
export function setNotAssessable(content, code, catalog) {
  if (catalog.isExclusive(code) || isNotAssessable(content, code)) return content;
  const rest = remove(content, code);
  return freeze({ ...rest, not_assessable: [...rest.not_assessable, code] });
}

/**
 * Mark a class as not assessable or, if it already is, as present.
 *
 * @param {Content} content
 * @param {string} code
 * @param {Catalog} catalog
 */
export function toggleNotAssessable(content, code, catalog) {
  if (!isNotAssessable(content, code)) return setNotAssessable(content, code, catalog);
  return blockedBy(content, code, catalog) ? content : add(content, code, catalog);
}

/**
 * @param {Content} content
 * @param {string} code
 * @param {Certainty} certainty
 */
export function setCertainty(content, code, certainty) {
  return change(content, code, (finding) => ({ ...finding, certainty }));
}

/**
 * Attach the area where a finding can be seen.
 *
 * @param {Content} content
 * @param {string} code
 * @param {Localization} localization
 */
export function localize(content, code, localization) {
  return change(content, code, (finding) => evidence.withLocalization(finding, localization));
}

/**
 * Attach a measurement that supports a finding.
 *
 * @param {Content} content
 * @param {string} code
 * @param {Measurement} measurement
 */
export function measure(content, code, measurement) {
  return change(content, code, (finding) => evidence.withMeasurement(finding, measurement));
}

/**
 * Remove piece `index` of one kind of evidence from a finding.
 *
 * @param {Content} content
 * @param {string} code
 * @param {EvidenceKind} kind
 * @param {number} index
 */
export function dropEvidence(content, code, kind, index) {
  return change(content, code, (finding) => ({
    ...finding,
    [kind]: finding[kind].filter((_, i) => i !== index),
  }));
}

/**
 * Set the signal quality. Good quality clears the signal problems. Choosing "unreadable" a second time
 * clears all classes, because nothing can be found in an unreadable exam.
 *
 * @param {Content} content
 * @param {Quality} quality
 */
export function setQuality(content, quality) {
  if (quality === "unreadable" && content.quality === quality)
    return freeze({ ...content, findings: [], not_assessable: [] });
  return freeze({ ...content, quality, problems: quality === "good" ? [] : content.problems });
}

/**
 * @param {Content} content
 * @param {string} kind
 */
export function hasProblem(content, kind) {
  return content.problems.some((problem) => problem.kind === kind);
}

/**
 * @param {Content} content
 * @param {string} kind
 */
export function toggleProblem(content, kind) {
  const problems = hasProblem(content, kind)
    ? content.problems.filter((problem) => problem.kind !== kind)
    : [...content.problems, { kind, leads: [] }];
  return freeze({ ...content, problems });
}

/**
 * Add or remove `lead` from the problem `kind`. Leads keep the order of `names`.
 *
 * @param {Content} content
 * @param {string} kind
 * @param {string} lead
 * @param {readonly string[]} names
 */
export function toggleProblemLead(content, kind, lead, names) {
  /** @param {readonly string[]} leads */
  const turn = (leads) =>
    leads.includes(lead)
      ? without(leads, lead)
      : names.filter((name) => name === lead || leads.includes(name));
  const problems = content.problems.map((problem) =>
    problem.kind === kind ? { ...problem, leads: turn(problem.leads) } : problem,
  );
  return freeze({ ...content, problems });
}

/**
 * @param {Content} content
 * @param {string} comment
 */
export function setComment(content, comment) {
  return freeze({ ...content, comment });
}

/**
 * Return true if two contents are equal, ignoring the order of their entries.
 *
 * @param {ContentLike} one
 * @param {ContentLike} other
 */
export function same(one, other) {
  return fingerprint(one) === fingerprint(other);
}

/** @param {ContentLike} content */
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

/**
 * @param {Content} content
 * @param {string} code
 * @param {(finding: Finding) => Finding} edit
 */
function change(content, code, edit) {
  const findings = content.findings.map((finding) => (finding.class === code ? edit(finding) : finding));
  return freeze({ ...content, findings });
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {T} value
 */
function without(list, value) {
  return list.filter((one) => one !== value);
}

/**
 * @param {Content} content
 * @returns {Content}
 */
function freeze(content) {
  return Object.freeze({
    ...content,
    findings: Object.freeze(content.findings.map((finding) => Object.freeze(finding))),
    not_assessable: Object.freeze(content.not_assessable),
    problems: Object.freeze(content.problems.map((problem) => Object.freeze(problem))),
  });
}
