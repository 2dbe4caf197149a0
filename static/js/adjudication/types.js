// Types of the adjudication desk: the API's responses (annotations/api/adjudications.py) and the state of the
// page.

/** @import { Exam, Finding, Quality } from "../desk/types.js" */

/** @typedef {"present" | "absent" | "not_decidable"} Answer */

/** @typedef {"masked" | "open" | "discussed"} Stage */

/**
 * @typedef {object} ShownReading
 * @property {string} letter
 * @property {boolean} is_readable
 * @property {Quality} quality
 * @property {Finding[]} findings
 * @property {string[]} not_assessable
 */

/** @typedef {{class: string, answer: Answer, overrules: boolean, reason: string}} Decided */

/**
 * @typedef {object} Adjudication
 * @property {Stage} stage
 * @property {boolean} is_unreadable
 * @property {Decided[]} answers
 * @property {string} comment
 */

/** @typedef {Adjudication & {numeral: string, is_own: boolean}} Member */

/**
 * @typedef {object} Case
 * @property {number} id
 * @property {Exam} exam
 * @property {{id: number, name: string, is_open: boolean}} batch
 * @property {{slug: string, name: string}} study
 * @property {"masked" | "open" | "masked_then_open"} mode
 * @property {boolean} is_committee
 * @property {boolean} is_extra whether the reader votes on these classes without overruling
 * @property {Stage[]} stages
 * @property {Stage | null} due
 * @property {boolean} is_waiting
 * @property {string[]} asked
 * @property {boolean} asks_readability
 * @property {boolean} asks_audit_form
 * @property {string[]} agreed
 * @property {ShownReading[]} readings
 * @property {Member[]} members
 * @property {Adjudication[]} decided
 * @property {number | null} next
 * @property {{position: number, total: number}} queue
 */

/** @typedef {{answer: Answer | null, reason: string}} Entry */

/** @typedef {{better: string, changesConduct: boolean | null, errors: readonly string[]}} AuditForm */

/**
 * What the adjudicator has entered for one stage.
 *
 * @typedef {object} Decisions
 * @property {Readonly<Record<string, Entry>>} entries for each class in dispute, and each overruled class
 * @property {boolean | null} isReadable null until decided; only asked if it is in dispute
 * @property {string} comment
 * @property {AuditForm} audit
 */

export {};
