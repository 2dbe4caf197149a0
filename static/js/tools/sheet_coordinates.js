// Converts between positions on the sheet and the recording, and snaps positions to samples. Pure.

import { placeOf } from "../ecg/overlay.js";
import { qrsEdges } from "../ecg/qrs.js";
import { median } from "../ecg/sheet.js";
import { INVALID, Status } from "../ecg/signal.js";

/**
 * The local baseline is the median over this time before and after: long enough to include a beat, short
 * enough to include little baseline wander.
 */
const REST_S = 1;

/** @import { Cell, Point, Sheet, Signal } from "../ecg/types.js" */
/** @import { Leg } from "./types.js" */

export class SheetCoordinates {
  /** @type {Map<number, number>} */
  #offsets = new Map();
  /** @type {{onset: number, end: number}[] | null} */
  #edges = null;

  /**
   * @param {Sheet} sheet as returned by layout.arrange()
   * @param {Signal} signal the displayed signal, after filters and swaps
   * @param {Signal} [recording] the recording that `signal` was computed from
   */
  constructor(sheet, signal, recording = signal) {
    this.sheet = sheet;
    this.signal = signal;
    this.recording = recording;
  }

  /**
   * True if `other` is the same recording in the same layout, so that existing measurements stay in place.
   *
   * @param {Pick<SheetCoordinates, "sheet" | "recording">} other
   */
  isLaidOutLike({ sheet, recording }) {
    const geometry = /** @type {const} */ ([
      "arrangement",
      "order",
      "speedMmPerS",
      "gainMmPerMv",
      "widthMm",
      "heightMm",
    ]);
    return (
      recording === this.recording &&
      geometry.every((name) => sheet[name] === this.sheet[name]) &&
      sheet.window.startS === this.sheet.window.startS &&
      sheet.cells.length === this.sheet.cells.length &&
      sheet.cells.every(({ name }, i) => name === this.sheet.cells[i].name)
    );
  }

  /**
   * Return the time at `xMm` in the row of `cell`, snapped to the nearest displayed sample.
   *
   * @param {Cell} cell
   * @param {number} xMm
   */
  secondsAt(cell, xMm) {
    return this.snapped(cell.startS + (xMm - cell.leftMm) / this.sheet.speedMmPerS);
  }

  /**
   * Return the time of the nearest displayed sample.
   *
   * @param {number} seconds
   */
  snapped(seconds) {
    const rate = this.signal.samplingRateHz;
    const { startS, endS } = this.sheet.window;
    const last = Math.min(Math.ceil(endS * rate - 1e-6), this.signal.nSamples) - 1;
    return Math.min(Math.max(Math.round(seconds * rate), Math.ceil(startS * rate - 1e-6)), last) / rate;
  }

  /**
   * Like `snapped`, but limited to the time span that `cell` shows.
   *
   * @param {Cell} cell
   * @param {number} seconds
   */
  snappedIn(cell, seconds) {
    const rate = this.signal.samplingRateHz;
    return this.snapped(Math.min(Math.max(seconds, cell.startS), cell.endS - 1 / rate));
  }

  /**
   * Return the height of the sample at `seconds` above the baseline of `cell` as drawn, in mV. Null if it
   * has no value.
   *
   * @param {Cell} cell
   * @param {number} seconds
   */
  drawnMillivolts(cell, seconds) {
    const samples = this.signal.leads[cell.lead];
    const sample = samples[Math.round(seconds * this.signal.samplingRateHz)];
    if (sample === undefined || sample === INVALID) return null;
    return ((sample - this.#offsetOf(cell.lead)) * (cell.sign ?? 1) * this.signal.microvoltsPerLsb) / 1000;
  }

  /**
   * Return the caliper leg for the point `at` on `cell`. Its time is snapped to a sample; its height is not
   * snapped.
   *
   * @param {Cell} cell
   * @param {Point} at
   * @returns {Leg}
   */
  legAt(cell, { x, y }) {
    const up = this.sheet.heightMm - cell.baselineMm - y;
    return {
      seconds: this.snappedIn(cell, this.secondsAt(cell, x)),
      millivolts: up / this.sheet.gainMmPerMv,
    };
  }

  /**
   * Return the local baseline of the trace around `seconds`, in mV as drawn. Null if there is no value.
   *
   * @param {Cell} cell
   * @param {number} seconds
   */
  restingMillivolts(cell, seconds) {
    const rate = this.signal.samplingRateHz;
    const middle = Math.round(seconds * rate);
    const reach = Math.round(REST_S * rate);
    const near = this.signal.leads[cell.lead].subarray(Math.max(0, middle - reach), middle + reach + 1);
    if (!near.some((sample) => sample !== INVALID)) return null;
    return (
      ((median(near) - this.#offsetOf(cell.lead)) * (cell.sign ?? 1) * this.signal.microvoltsPerLsb) / 1000
    );
  }

  /** Onset and end of each QRS, as sample indices; computed once. */
  get edges() {
    this.#edges ??= qrsEdges(this.signal);
    return this.#edges;
  }

  /** @param {number} lead */
  #offsetOf(lead) {
    const offset = this.#offsets.get(lead) ?? median(this.signal.leads[lead]);
    this.#offsets.set(lead, offset);
    return offset;
  }

  /** Distance between rows, in mm; the height of the sheet when there is one row. */
  get pitchMm() {
    const rows = [...new Set(this.sheet.cells.map(({ baselineMm }) => baselineMm))].sort(
      (one, other) => one - other,
    );
    return rows.length > 1 ? rows[1] - rows[0] : this.sheet.heightMm;
  }

  /**
   * @param {Cell} cell
   * @param {number} seconds
   * @param {number} [millivolts]
   * @returns {Point}
   */
  placeOf(cell, seconds, millivolts = 0) {
    return placeOf(this.sheet, cell, { seconds, millivolts });
  }

  /**
   * True if `cell` has samples to measure, recorded or derived.
   *
   * @param {Cell} cell
   */
  isRecorded(cell) {
    return this.signal.status[cell.lead] !== Status.MISSING;
  }
}
