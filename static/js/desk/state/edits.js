// What the controls of the form do to a content: each a function from its arguments to content → content. Pure.

import { LEADS } from "../../ecg/signal.js";
import * as labels from "./labels.js";

/** The edits of the form for the classes of `catalogue`, by the name of the intent. */
export function editsFor(catalogue) {
  return {
    toggle: (code) => (content) =>
      labels.holds(content, code) ? labels.remove(content, code) : labels.add(content, code, catalogue),
    untold: (code) => (content) => labels.toggleNotAssessable(content, code, catalogue),
    remove: (code) => (content) => labels.remove(content, code),
    certainty: (code, certainty) => (content) => labels.setCertainty(content, code, certainty),
    drop: (code, kind, index) => (content) => labels.dropEvidence(content, code, kind, index),
    quality: (quality) => (content) => labels.setQuality(content, quality),
    problem: (kind) => (content) => labels.toggleProblem(content, kind),
    problemLead: (kind, lead) => (content) => labels.toggleProblemLead(content, kind, lead, LEADS),
    comment: (text) => (content) => labels.setComment(content, text),
  };
}
