// What speaks against a reading before it is signed. Pure.

import { holds, mentioned } from "./labels.js";

/**
 * What speaks against the content: `{kind, codes, weight}`.
 *
 * On an unreadable exam nothing can be found: that is forbidden. Nothing chosen or a contradiction is legal but
 * rarely meant, so the reader is asked; classes that are merely unusual together get a hint.
 */
export function objections(content, catalogue) {
  const codes = content.findings.map((finding) => finding.class);
  const isUnreadable = content.quality === "unreadable";
  const found = [];
  if (codes.length === 0 && content.not_assessable.length === 0 && !isUnreadable)
    found.push(objection("nothing-chosen", [], "asks"));
  if (isUnreadable && mentioned(content).length > 0)
    found.push(objection("unreadable-with-findings", [], "forbids"));
  const normal = catalogue.exclusive?.code;
  if (normal && holds(content, normal) && content.not_assessable.length > 0) {
    found.push(objection("normal-not-assessable", [normal, content.not_assessable[0]], "asks"));
  }
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
