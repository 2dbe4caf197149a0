// Draws the evidence of the selected suggestion where it was measured: a tick at each onset and offset, a
// band between them, and one label with the measurement. It is redrawn with each sheet.

import { detailOf, find } from "../../dom.js";
import { placeOf } from "../../ecg/overlay.js";
import { LEADS } from "../../ecg/signal.js";
import { svg } from "../../svg.js";

/** @import { Cell, Sheet, SheetView } from "../../ecg/types.js" */
/** @import { EcgViewer } from "../../ecg/viewer.js" */
/** @import { Marks } from "../types.js" */

/** @typedef {{from: number, to: number, y: number, cell: Cell}} Stretch in mm of the overlay */

/** Half the height of a tick: at the labeled interval, and at all others. */
const TALL_MM = 9;
const SHORT_MM = 4.5;

const TEXT_PX = 13;

export class EvidenceLayer {
  /** @type {SheetView | null} */
  #view = null;

  /** @type {Marks | null} */
  #marks = null;

  #group = svg("g", { class: "evidence-marks" });

  /**
   * @param {EcgViewer} viewer
   * @param {{tracing: () => number | null}} deps `tracing` returns the position of the displayed tracing
   */
  constructor(viewer, deps) {
    this.deps = deps;
    find(viewer.overlay, "[data-layer=evidence]").append(this.#group);
    viewer.addEventListener("sheet", (event) => {
      this.#view = detailOf(event);
      this.#draw();
    });
  }

  /**
   * Show the marks of a suggestion, or none if null.
   *
   * @param {Marks | null} marks
   */
  show(marks) {
    this.#marks = marks;
    this.#draw();
  }

  #draw() {
    const view = this.#view;
    const marks = this.#marks;
    const isHere = view && marks && marks.tracing === this.deps.tracing();
    this.#group.replaceChildren(...(isHere ? this.#parts(view, marks) : []));
  }

  /**
   * @param {SheetView} view
   * @param {Marks} marks
   */
  #parts({ sheet, scale }, marks) {
    const places = stretches(sheet, marks);
    const named = labeled(places);
    const size = TEXT_PX / scale;
    const drawn = places.map((one) => this.#stretch(one, one === named ? TALL_MM : SHORT_MM));
    if (!named) return drawn;
    const { from, to, y, cell } = named;
    const half = 0.3 * size * marks.text.length + 0.5;
    // Keep clear of the lead name.
    const x = Math.min(Math.max((from + to) / 2, cell.leftMm + half), sheet.widthMm - half);
    const above = Math.max(y - TALL_MM - 0.6, size);
    return [
      ...drawn,
      svg(
        "text",
        { class: "evidence-text", x, y: above, "text-anchor": "middle", "font-size": size },
        document.createTextNode(marks.text),
      ),
    ];
  }

  /**
   * @param {Stretch} stretch
   * @param {number} reach
   */
  #stretch({ from, to, y }, reach) {
    const ticks = from === to ? [from] : [from, to];
    return svg(
      "g",
      {},
      ...(from === to
        ? []
        : [
            svg("rect", {
              class: "evidence-band",
              x: from,
              y: y - reach,
              width: to - from,
              height: 2 * reach,
            }),
          ]),
      svg("path", {
        class: "evidence-ticks",
        d: ticks.map((x) => `M${round(x)} ${round(y - reach)}V${round(y + reach)}`).join(""),
      }),
    );
  }
}

/**
 * Return the segments to draw for `marks`: one per interval and cell that shows the whole interval.
 *
 * @param {Sheet} sheet
 * @param {Pick<Marks, "leads" | "intervals_s">} marks
 * @returns {Stretch[]}
 */
export function stretches(sheet, { leads, intervals_s: intervals }) {
  return sheet.cells
    .filter(({ lead }) => leads.length === 0 || leads.includes(LEADS[lead]))
    .flatMap((cell) =>
      intervals
        .filter(([from, to]) => from >= cell.startS && to <= cell.endS)
        .map(([from, to]) => {
          const { x, y } = placeOf(sheet, cell, { seconds: from });
          return { from: x, to: placeOf(sheet, cell, { seconds: to }).x, y, cell };
        }),
    );
}

/**
 * Return the segment to label: the second one in the longest cell, clear of the lead name, or the only one.
 *
 * @param {Stretch[]} places
 */
export function labeled(places) {
  if (places.length === 0) return null;
  /** @param {Stretch} stretch */
  const length = ({ cell }) => cell.endS - cell.startS;
  const longest = places.reduce((best, one) => (length(one) > length(best) ? one : best));
  const row = places.filter(({ cell }) => cell === longest.cell);
  return row[1] ?? row[0];
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 1000) / 1000;
}
