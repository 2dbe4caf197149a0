// Checks a reading before it is submitted. Pure.

import { holds, mentioned } from "./labels.js";

/** @import { Catalog } from "./catalog.js" */
/** @import { Content } from "../types.js" */

/**
 * `forbids` blocks the submission, `asks` needs confirmation, `hints` is only displayed.
 *
 * @typedef {{kind: string, codes: string[], weight: "forbids" | "asks" | "hints"}} Objection
 */

/**
 * List objections to a reading. Classes marked in an unreadable exam are forbidden. An empty reading or a
 * contradiction is allowed but rarely intended, so the reader has to confirm it. Classes that are merely
 * unusual together get a hint.
 *
 * @param {Content} content
 * @param {Catalog} catalog
 */
export function objections(content, catalog) {
  const codes = content.findings.map((finding) => finding.class);
  const isUnreadable = content.quality === "unreadable";
  const listed = [];
  if (codes.length === 0 && content.not_assessable.length === 0 && !isUnreadable)
    listed.push(objection("nothing-chosen", [], "asks"));
  if (isUnreadable && mentioned(content).length > 0)
    listed.push(objection("unreadable-with-findings", [], "forbids"));
  const normal = catalog.exclusive?.code;
  if (normal && holds(content, normal) && content.not_assessable.length > 0) {
    listed.push(objection("normal-not-assessable", [normal, content.not_assessable[0]], "asks"));
  }
  for (const [one, other] of pairs(codes)) {
    if (catalog.contradict(one, other)) listed.push(objection("contradiction", [one, other], "asks"));
    else if (catalog.unusualTogether(one, other)) listed.push(objection("unusual", [one, other], "hints"));
  }
  return listed;
}

/**
 * @param {string} kind
 * @param {string[]} codes
 * @param {Objection["weight"]} weight
 * @returns {Objection}
 */
function objection(kind, codes, weight) {
  return { kind, codes, weight };
}

/** @param {string[]} codes */
function* pairs(codes) {
  for (let i = 0; i < codes.length; i += 1) {
    for (let j = i + 1; j < codes.length; j += 1) yield [codes[i], codes[j]];
  }
}
