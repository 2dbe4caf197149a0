// The evidence of the suggestion at hand, drawn where it was measured: a tick at each onset and offset, the stretch
// between them, and once what was measured. Redrawn with each sheet.

import { placeOf } from "../ecg/overlay.js";
import { LEADS } from "../ecg/signal.js";
import { svg } from "../svg.js";

/** Half the height of a tick, in mm: where the label stands, and elsewhere. */
const TALL_MM = 9;
const SHORT_MM = 4.5;

const TEXT_PX = 13;

export class EvidenceLayer {
  #seen = null;
  #marks = null;
  #group = svg("g", { class: "evidence-marks" });

  /** @param {HTMLElement} viewer an <ecg-viewer> @param {{tracing: () => number}} world the one on view */
  constructor(viewer, world) {
    this.world = world;
    viewer.overlay.querySelector("[data-layer=evidence]").append(this.#group);
    viewer.addEventListener("sheet", ({ detail }) => {
      this.#seen = detail;
      this.#draw();
    });
  }

  /** @param {{tracing, text, leads, intervals_s} | null} marks of a suggestion, null for none */
  show(marks) {
    this.#marks = marks;
    this.#draw();
  }

  #draw() {
    const isHere = this.#seen && this.#marks && this.#marks.tracing === this.world.tracing();
    this.#group.replaceChildren(...(isHere ? this.#parts() : []));
  }

  #parts() {
    const { sheet, scale } = this.#seen;
    const found = stretches(sheet, this.#marks);
    const named = labelled(found);
    const size = TEXT_PX / scale;
    const drawn = found.map((one) => this.#stretch(one, one === named ? TALL_MM : SHORT_MM));
    if (!named) return drawn;
    const { from, to, y, cell } = named;
    const half = 0.3 * size * this.#marks.text.length + 0.5;
    const x = Math.min(Math.max((from + to) / 2, cell.leftMm + half), sheet.widthMm - half); // beside the name of the lead
    const above = Math.max(y - TALL_MM - 0.6, size);
    return [
      ...drawn,
      svg(
        "text",
        { class: "evidence-text", x, y: above, "text-anchor": "middle", "font-size": size },
        this.#marks.text,
      ),
    ];
  }

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
 * Where `marks` show on `sheet`, in mm of the overlay: one stretch for each interval in each cell that shows all of it.
 *
 * @returns {{from: number, to: number, y: number, cell: object}[]}
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

/** The stretch that carries the label: the second of the longest row, where no name of a lead stands. */
export function labelled(found) {
  if (found.length === 0) return null;
  const length = ({ cell }) => cell.endS - cell.startS;
  const longest = found.reduce((best, one) => (length(one) > length(best) ? one : best));
  const row = found.filter(({ cell }) => cell === longest.cell);
  return row[1] ?? row[0];
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}
