// What the reader says about one exam, as pure state: every function returns a new content.
//
// A content is `{findings: [{class, certainty}], quality, comment}`, the form in which it is drafted and
// submitted. The normal class stands alone and blocks; all other contradictions only warn, because an exam
// may hold several tracings with different rhythms.

export const CERTAINTIES = Object.freeze(["possible", "probable", "definite"]);
export const QUALITIES = Object.freeze(["good", "acceptable", "poor", "unreadable"]);

/** What a reading starts from. */
export function blank() {
  return freeze({ findings: [], quality: "good", comment: "" });
}

/** A content from outside, with what it lacks filled in and classes the taxonomy does not know left out. */
export function restore(content, catalogue) {
  const { findings = [], quality, comment } = content ?? {};
  return freeze({
    findings: findings
      .filter((finding) => catalogue.has(finding.class))
      .map((finding) => ({
        class: finding.class,
        certainty: CERTAINTIES.includes(finding.certainty) ? finding.certainty : "definite",
      })),
    quality: QUALITIES.includes(quality) ? quality : "good",
    comment: comment ?? "",
  });
}

export function holds(content, code) {
  return content.findings.some((finding) => finding.class === code);
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
  return freeze({ ...content, findings: [...content.findings, { class: code, certainty: "definite" }] });
}

export function remove(content, code) {
  return freeze({ ...content, findings: content.findings.filter((finding) => finding.class !== code) });
}

export function setCertainty(content, code, certainty) {
  const findings = content.findings.map((finding) => (finding.class === code ? { ...finding, certainty } : finding));
  return freeze({ ...content, findings });
}

export function setQuality(content, quality) {
  return freeze({ ...content, quality });
}

export function setComment(content, comment) {
  return freeze({ ...content, comment });
}

/** Do two contents say the same? The order of the findings says nothing. */
export function same(one, other) {
  return fingerprint(one) === fingerprint(other);
}

function fingerprint({ findings, quality, comment }) {
  const said = findings.map((finding) => `${finding.class}:${finding.certainty}`).sort();
  return JSON.stringify([said, quality, (comment ?? "").trim()]);
}

/**
 * What speaks against the content: `{kind, codes, weight}`.
 *
 * Findings on an unreadable exam are forbidden. Nothing chosen or a contradiction is legal but rarely meant,
 * so the reader is asked; classes that are merely unusual together get a hint.
 */
export function objections(content, catalogue) {
  const codes = content.findings.map((finding) => finding.class);
  const found = [];
  if (codes.length === 0 && content.quality !== "unreadable") found.push(objection("nothing-chosen", [], "asks"));
  if (codes.length > 0 && content.quality === "unreadable") found.push(objection("unreadable-with-findings", [], "forbids"));
  for (const [one, other] of pairs(codes)) {
    if (catalogue.contradict(one, other)) found.push(objection("contradiction", [one, other], "asks"));
    else if (catalogue.unusualTogether(one, other)) found.push(objection("unusual", [one, other], "hints"));
  }
  return found;
}

function objection(kind, codes, weight) {
  return { kind, codes, weight };
}

function* pairs(codes) {
  for (let i = 0; i < codes.length; i += 1) {
    for (let j = i + 1; j < codes.length; j += 1) yield [codes[i], codes[j]];
  }
}

function freeze(content) {
  return Object.freeze({ ...content, findings: Object.freeze(content.findings.map(Object.freeze)) });
}

/** The steps that can be taken back: `{past, present}`. */
export function begin(content) {
  return Object.freeze({ past: Object.freeze([]), present: content });
}

/** Go on to `content`. Letters of a comment are one step, or undo would take them back one by one. */
export function step(history, content) {
  if (same(history.present, content) && history.present.comment === content.comment) return history;
  const isTyping = onlyCommentChanged(history.present, content) && onlyCommentChanged(history.past.at(-1), history.present);
  const past = isTyping ? history.past : [...history.past, history.present];
  return Object.freeze({ past: Object.freeze(past), present: content });
}

export function undo(history) {
  if (history.past.length === 0) return history;
  return Object.freeze({ past: Object.freeze(history.past.slice(0, -1)), present: history.past.at(-1) });
}

function onlyCommentChanged(before, after) {
  return Boolean(before) && before.comment !== after.comment && same({ ...before, comment: "" }, { ...after, comment: "" });
}
