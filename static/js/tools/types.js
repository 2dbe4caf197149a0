// Shared shapes of the sheet tools, for the type checker.

/** @typedef {{seconds: number, millivolts: number}} Leg millivolts above the baseline as drawn */

/** @typedef {"interval" | "amplitude"} CaliperKind */

/**
 * What the pointer is dragging: one leg, both, or nothing.
 *
 * @typedef {0 | 1 | "both" | null} Hand
 */

/**
 * @typedef {object} CaliperState
 * @property {CaliperKind} kind
 * @property {import("../ecg/types.js").Cell | null} cell
 * @property {readonly [Leg, Leg] | null} legs
 * @property {Hand} hand
 * @property {boolean} isFresh the second leg has not been placed yet
 * @property {{at: import("../ecg/types.js").Point, legs: readonly [Leg, Leg]} | null} held the state when a
 *   drag of both legs began
 * @property {number} cycles
 * @property {boolean} isMarching
 */

/**
 * @typedef {CaliperState & {cell: import("../ecg/types.js").Cell, legs: readonly [Leg, Leg]}}
 *   PlacedCalipers
 */

/**
 * @typedef {{right?: number, up?: number, isCoarse?: boolean}} Nudge steps of one sample or 0.1 mm, or of 1
 *   mm when coarse
 */

/** @typedef {{lead: number, seconds: number}} ZoomTarget */

/** @typedef {import("../ecg/types.js").Box & ZoomTarget} LeadName position of a lead name on the sheet */

export {};
