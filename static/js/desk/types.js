// Types shared by the modules of the desk: the API's requests and responses (annotations/api/shapes.py), and
// data passed between parts of the page.

/** @typedef {"possible" | "probable" | "definite"} Certainty */

/** @typedef {"good" | "acceptable" | "poor" | "unreadable"} Quality */

/** @typedef {{tracing: number, leads: string[], from_s: number, to_s: number}} Localization */

/**
 * @typedef {object} Measurement
 * @property {"interval" | "amplitude"} kind
 * @property {number} tracing
 * @property {string | null} lead
 * @property {number} from_s
 * @property {number} to_s
 * @property {number} value in ms or mV
 * @property {number} [n_cycles]
 */

/** @typedef {"localisations" | "measurements"} EvidenceKind */

/**
 * @typedef {object} Finding
 * @property {string} class
 * @property {Certainty} certainty
 * @property {readonly Localization[]} localisations
 * @property {readonly Measurement[]} measurements
 */

/** @typedef {{kind: string, leads: readonly string[]}} SignalProblem */

/**
 * What a reader enters for one exam, as saved in drafts and submitted.
 *
 * @typedef {object} Content
 * @property {readonly Finding[]} findings
 * @property {readonly string[]} not_assessable
 * @property {Quality} quality
 * @property {readonly SignalProblem[]} problems
 * @property {string} comment
 */

/**
 * @typedef {Partial<Omit<Content, "quality">> & {quality?: string}} ContentLike stored or received, not yet
 *   checked
 */

/** @typedef {(content: Content) => Content} Edit */

/** @typedef {{version: number, content: Content}} Draft saved by the server, with its version
 *   number */

/**
 * @typedef {{version: number, unanswered: readonly Content[]}} Basis the draft version that a submission is
 *   based on, and the saves whose responses this device did not receive
 */

/** @typedef {"accepted" | "rejected" | "uncertain"} Decision */

/** @typedef {{class: string, verdict: Decision}} SubmittedDecision */

/**
 * @typedef {object} ReadingFields
 * @property {string} id
 * @property {"read" | "abstained"} outcome
 * @property {SubmittedDecision[]} [decisions]
 * @property {string[]} confirmed
 */

/** @typedef {Content & ReadingFields} Reading a submitted reading */

/** @typedef {{href: string, position: number}} TracingLink */

/**
 * @typedef {object} Exam
 * @property {string} code
 * @property {number | null} age_years
 * @property {string | null} sex
 * @property {TracingLink[]} tracings
 * @property {{days_before: number, tracings: TracingLink[]} | null} prior
 */

/**
 * @typedef {object} Assignment
 * @property {number} id
 * @property {Exam} exam
 * @property {{id: number, name: string, is_open: boolean}} batch
 * @property {{name: string, frequent_classes: string[]}} study
 * @property {"todo" | "draft" | "submitted"} state
 * @property {Draft | null} draft
 * @property {Reading | null} reading
 * @property {Reading | null} [revision]
 * @property {string | null} undo_until
 * @property {number | null} next
 * @property {{position: number, total: number | null}} queue
 * @property {boolean} [is_shown_suggestions]
 * @property {"shown" | "offered" | "none"} suggestions
 */

/** @typedef {{next: number | null}} NextAnswer */

/** @typedef {NextAnswer & {undo_until?: string | null}} AcceptedAnswer */

/**
 * @typedef {object} SubmissionFields
 * @property {number} active_ms
 * @property {number} idle_ms
 * @property {object} display
 * @property {Record<string, number>} tools
 * @property {string} [outcome]
 * @property {string} [supersedes]
 * @property {SubmittedDecision[]} [decisions]
 * @property {string | null} [reason]
 */

/** @typedef {Omit<Content, "quality"> & {quality: string} & SubmissionFields} ReadingRequest */

/** @typedef {ReadingRequest} RevisionRequest */

/** @typedef {{tracing: number, text: string, leads: string[], intervals_s: [number, number][]}} Marks */

/** @typedef {{class: string, evidence: string, marks: Marks | null}} Suggestion */

/**
 * @typedef {object} Check
 * @property {string} measurement
 * @property {"above" | "below" | "at_least" | "at_most"} comparison
 * @property {number} limit
 * @property {number} value
 * @property {string} unit
 * @property {number} decimals
 * @property {number} n_beats
 * @property {number} n_beats_found
 * @property {"met" | "failed" | "missing"} outcome
 * @property {string | null} missing
 */

/**
 * @typedef {object} Verdict
 * @property {string} class
 * @property {"suggested" | "withheld" | "not_met"} state
 * @property {string | null} reason
 * @property {Check[]} checks
 */

/** @typedef {{value: number | null, n_beats: number, reason: string}} ModelMeasurement */

/**
 * @typedef {object} SuggestionsAnswer
 * @property {string} model
 * @property {string} version
 * @property {string} qt_correction
 * @property {string[]} covered_classes
 * @property {Suggestion[]} suggestions
 * @property {Verdict[]} [verdicts]
 * @property {Record<string, ModelMeasurement>} measurements
 */

/**
 * @typedef {object} DiagnosticClass
 * @property {string} code
 * @property {string} abbreviation
 * @property {string} name
 * @property {string} name_pt
 * @property {string} group
 * @property {string} group_name
 * @property {string} group_name_pt
 * @property {string} definition
 * @property {string} definition_pt
 * @property {boolean} is_exclusive
 * @property {string[]} excludes
 * @property {string[]} soft_conflicts
 * @property {string[]} synonyms
 */

/**
 * A reading on its way to the server, as stored on this device.
 *
 * @typedef {object} OutboxEntry
 * @property {string} key
 * @property {string} kind "reading" or "revision"
 * @property {number | string} assignment
 * @property {string} code of the exam
 * @property {ReadingRequest} reading
 * @property {Basis} basis
 * @property {number} at when it was submitted, in ms since 1970
 */

/**
 * @typedef {{type: "accepted", entry: OutboxEntry, answer: AcceptedAnswer}} AcceptedEvent
 * @typedef {{type: "refused", entry: OutboxEntry, kind: string, problem: import("../api.js").Problem}}
 *   RefusedEvent
 * @typedef {{type: "waiting", why: "offline" | "signed-out", count: number}} WaitingEvent
 * @typedef {{type: "sent"}} SentEvent
 * @typedef {AcceptedEvent | RefusedEvent | WaitingEvent | SentEvent} OutboxEvent
 */

/** @typedef {typeof import("../api.js")} Api */

export {};
