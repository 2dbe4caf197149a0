// What the tools stand on: the samples as they lie on the sheet, so that a place can be snapped to them. Pure.

import { placeOf } from "../ecg/overlay.js";
import { qrsEdges } from "../ecg/qrs.js";
import { median } from "../ecg/sheet.js";
import { INVALID, Status } from "../ecg/signal.js";

/** The baseline near a place is the median of so much to both sides of it: a beat at least, and little of a wander. */
const REST_S = 1;

export class Ground {
  #offsets = new Map();
  #edges = null;

  /**
   * @param {object} sheet as layout.arrange() makes it @param {object} signal what is drawn on it
   * @param {object} recording what that signal is a view of
   */
  constructor(sheet, signal, recording = signal) {
    this.sheet = sheet;
    this.signal = signal;
    this.recording = recording;
  }

  /** Is `other` the same recording, laid out as this one is, so that what was measured here still lies where it was? */
  isLaidOutLike({ sheet, recording }) {
    const kept = ["arrangement", "order", "speedMmPerS", "gainMmPerMv", "widthMm", "heightMm"];
    return (
      recording === this.recording &&
      kept.every((name) => sheet[name] === this.sheet[name]) &&
      sheet.window.startS === this.sheet.window.startS &&
      sheet.cells.length === this.sheet.cells.length &&
      sheet.cells.every(({ name }, i) => name === this.sheet.cells[i].name)
    );
  }

  /** The seconds at `xMm` of the row of `cell`, at the nearest sample on view. */
  secondsAt(cell, xMm) {
    return this.snapped(cell.startS + (xMm - cell.leftMm) / this.sheet.speedMmPerS);
  }

  /** The sample nearest to `seconds` among those on view. */
  snapped(seconds) {
    const rate = this.signal.samplingRateHz;
    const { startS, endS } = this.sheet.window;
    const last = Math.min(Math.ceil(endS * rate - 1e-6), this.signal.nSamples) - 1;
    return Math.min(Math.max(Math.round(seconds * rate), Math.ceil(startS * rate - 1e-6)), last) / rate;
  }

  /** As `snapped`, and within what `cell` itself shows. */
  snappedIn(cell, seconds) {
    const rate = this.signal.samplingRateHz;
    return this.snapped(Math.min(Math.max(seconds, cell.startS), cell.endS - 1 / rate));
  }

  /** How high the sample at `seconds` is drawn above the baseline of `cell`, in mV; null where it has no value. */
  drawnMillivolts(cell, seconds) {
    const samples = this.signal.leads[cell.lead];
    const sample = samples[Math.round(seconds * this.signal.samplingRateHz)];
    if (sample === undefined || sample === INVALID) return null;
    return ((sample - this.#offsetOf(cell.lead)) * (cell.sign ?? 1) * this.signal.microvoltsPerLsb) / 1000;
  }

  /** The place `at` (mm in the overlay) of `cell` as a leg: on the time of a sample, as high as it was put. */
  legAt(cell, { x, y }) {
    const up = this.sheet.heightMm - cell.baselineMm - y;
    return {
      seconds: this.snappedIn(cell, this.secondsAt(cell, x)),
      millivolts: up / this.sheet.gainMmPerMv,
    };
  }

  /** How high the trace of `cell` rests about `seconds`, in mV as drawn; null where it has no value. */
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

  /** Where each QRS begins and ends, in samples; looked for once. */
  get edges() {
    this.#edges ??= qrsEdges(this.signal);
    return this.#edges;
  }

  #offsetOf(lead) {
    if (!this.#offsets.has(lead)) this.#offsets.set(lead, median(this.signal.leads[lead]));
    return this.#offsets.get(lead);
  }

  /** The distance to the next row, in mm; the height of the sheet when there is one row. */
  get pitchMm() {
    const rows = [...new Set(this.sheet.cells.map(({ baselineMm }) => baselineMm))].sort(
      (one, other) => one - other,
    );
    return rows.length > 1 ? rows[1] - rows[0] : this.sheet.heightMm;
  }

  /** `{x, y}` in the overlay. */
  placeOf(cell, seconds, millivolts = 0) {
    return placeOf(this.sheet, cell, { seconds, millivolts });
  }

  /** Is there anything recorded to measure in `cell`? */
  isRecorded(cell) {
    return this.signal.status[cell.lead] !== Status.MISSING;
  }
}
