// Evidence for a finding: areas on the sheet and measurements. Pure, like labels.js.

/** @import { Finding, Localization, Measurement } from "../types.js" */

/** Limit per finding, separately for localizations and measurements. */
const MAX_PIECES = 20;

const KINDS = new Set(["interval", "amplitude"]);

/** @typedef {{localisations?: readonly Localization[], measurements?: readonly Measurement[]}} Evidence */

/**
 * Restore the stored or received evidence of a finding, without malformed pieces.
 *
 * @param {Evidence} finding
 */
export function restore({ localisations = [], measurements = [] }) {
  return {
    localisations: localisations.filter(isPlace).slice(0, MAX_PIECES).map(place),
    measurements: measurements.filter(isMeasurement).slice(0, MAX_PIECES).map(measured),
  };
}

/**
 * Add an area to `finding`. Returns `finding` itself if it already has the area, or MAX_PIECES
 * areas.
 *
 * @param {Finding} finding
 * @param {Localization} localization
 * @returns {Finding}
 */
export function withLocalization(finding, localization) {
  const pieces = finding.localisations ?? [];
  const localisations = withOneMore(pieces, place(localization));
  return localisations === pieces ? finding : { ...finding, localisations };
}

/**
 * @param {Finding} finding
 * @param {Measurement} measurement
 * @returns {Finding}
 */
export function withMeasurement(finding, measurement) {
  const pieces = finding.measurements ?? [];
  const measurements = withOneMore(pieces, measured(measurement));
  return measurements === pieces ? finding : { ...finding, measurements };
}

/**
 * Return a string that is equal for equal evidence in any order.
 *
 * @param {Evidence} finding
 */
export function fingerprint({ localisations = [], measurements = [] }) {
  /**
   * @template T
   * @param {readonly T[]} list
   * @param {(one: T) => object} normalize
   */
  const texts = (list, normalize) => list.map((one) => JSON.stringify(normalize(one))).sort();
  return JSON.stringify([
    texts(localisations, (one) => place({ ...one, leads: [...one.leads].sort() })),
    texts(measurements, measured),
  ]);
}

/**
 * @template T
 * @param {readonly T[]} pieces
 * @param {T} piece
 */
function withOneMore(pieces, piece) {
  const text = JSON.stringify(piece);
  if (pieces.length >= MAX_PIECES || pieces.some((one) => JSON.stringify(one) === text)) return pieces;
  return [...pieces, piece];
}

/** @param {Partial<Localization>} piece */
function isPlace({ leads, from_s, to_s } = {}) {
  return Array.isArray(leads) && leads.length > 0 && Number.isFinite(from_s) && Number.isFinite(to_s);
}

/** @param {Partial<Measurement>} piece */
function isMeasurement({ kind, from_s, to_s, value } = {}) {
  return KINDS.has(kind ?? "") && [from_s, to_s, value].every(Number.isFinite);
}

/**
 * Return the fields in a fixed order, with the decimals that the server keeps.
 *
 * @param {Omit<Localization, "tracing"> & {tracing?: number}} piece
 * @returns {Localization}
 */
function place({ tracing = 1, leads, from_s, to_s }) {
  return Object.freeze({ tracing, leads: [...leads], ...stretch(from_s, to_s) });
}

/**
 * @param {Omit<Measurement, "lead" | "n_cycles" | "tracing"> & {lead?: string | null, n_cycles?: number |
 *   null, tracing?: number}} piece
 * @returns {Measurement}
 */
function measured({ kind, lead = null, from_s, to_s, value, n_cycles = null, tracing = 1 }) {
  const measurement = { kind, tracing, lead, ...stretch(from_s, to_s), value: fourDecimals(value) };
  return Object.freeze(n_cycles === null ? measurement : { ...measurement, n_cycles });
}

/**
 * Return the times in order, as the server stores them. The reader may have dragged from right to left.
 *
 * @param {number} from_s
 * @param {number} to_s
 */
function stretch(from_s, to_s) {
  return { from_s: fourDecimals(Math.min(from_s, to_s)), to_s: fourDecimals(Math.max(from_s, to_s)) };
}

/** @param {number} number */
function fourDecimals(number) {
  return Math.round(number * 1e4) / 1e4;
}
