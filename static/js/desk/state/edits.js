// Edits that the form's controls make to a content: functions from the control's arguments to an edit. Pure.

import { LEADS } from "../../ecg/signal.js";
import * as labels from "./labels.js";

/** @import { Catalog } from "./catalog.js" */
/** @import { Certainty, Edit, EvidenceKind, Quality } from "../types.js" */

/**
 * @typedef {object} Edits
 * @property {(code: string) => Edit} toggle
 * @property {(code: string) => Edit} notAssessable
 * @property {(code: string) => Edit} remove
 * @property {(code: string, certainty: Certainty) => Edit} certainty
 * @property {(code: string, kind: EvidenceKind, index: number) => Edit} drop
 * @property {(quality: Quality) => Edit} quality
 * @property {(kind: string) => Edit} problem
 * @property {(kind: string, lead: string) => Edit} problemLead
 * @property {(text: string) => Edit} comment
 */

/**
 * Return the edits of the form, by the name of the handler that makes them.
 *
 * @param {Catalog} catalog
 * @returns {Edits}
 */
export function editsFor(catalog) {
  return {
    toggle: (code) => (content) =>
      labels.holds(content, code) ? labels.remove(content, code) : labels.add(content, code, catalog),
    notAssessable: (code) => (content) => labels.toggleNotAssessable(content, code, catalog),
    remove: (code) => (content) => labels.remove(content, code),
    certainty: (code, certainty) => (content) => labels.setCertainty(content, code, certainty),
    drop: (code, kind, index) => (content) => labels.dropEvidence(content, code, kind, index),
    quality: (quality) => (content) => labels.setQuality(content, quality),
    problem: (kind) => (content) => labels.toggleProblem(content, kind),
    problemLead: (kind, lead) => (content) => labels.toggleProblemLead(content, kind, lead, LEADS),
    comment: (text) => (content) => labels.setComment(content, text),
  };
}
