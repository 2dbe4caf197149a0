// Draws where the readers saw the selected class: their areas and measurements, each reader in a color and
// with a letter.

import { detailOf, find } from "../dom.js";
import { boxesOf } from "../tools/evidence/area.js";
import { SheetCoordinates } from "../tools/sheet_coordinates.js";
import { svg } from "../svg.js";

/** @import { SheetView } from "../ecg/types.js" */
/** @import { EcgViewer } from "../ecg/viewer.js" */
/** @import { Finding, Localization, Measurement } from "../desk/types.js" */
/** @import { ShownReading } from "./types.js" */

/** As many readers have a color of their own; the letters tell the others apart. */
const N_COLORS = 5;

const AREA_MM = 11;
const MEASURED_MM = 6;
const TEXT_PX = 13;

/** @param {number} place of the reader, from 0 */
export function colorClass(place) {
  return `reader-color-${place % N_COLORS}`;
}

export class ReaderMarks {
  /** @type {SheetView | null} */
  #view = null;
  /** @type {readonly ShownReading[]} */
  #readings = [];
  /** @type {string | null} */
  #code = null;
  #group = svg("g", { class: "reader-marks" });

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
   * Show the marks of `readings` for the class `code`, or none if null.
   *
   * @param {readonly ShownReading[]} readings
   * @param {string | null} code
   */
  show(readings, code) {
    this.#readings = readings;
    this.#code = code;
    this.#draw();
  }

  #draw() {
    const view = this.#view;
    this.#group.replaceChildren(
      ...(view ? this.#readings.flatMap((reading, place) => this.#ofReader(view, reading, place)) : []),
    );
  }

  /**
   * @param {SheetView} view
   * @param {ShownReading} reading
   * @param {number} place
   */
  #ofReader(view, { letter, findings }, place) {
    const coordinates = new SheetCoordinates(view.sheet, view.signal, view.raw);
    return findings
      .filter((finding) => finding.class === this.#code)
      .flatMap((finding) => this.#marks(finding))
      .map((mark) => {
        const reach = "kind" in mark ? MEASURED_MM : AREA_MM;
        const text = "kind" in mark ? `${letter} ${valueOf(mark)}` : letter;
        const boxes = boxesOf(coordinates, { ...mark, leads: leadsOf(mark) }, reach);
        return this.#drawn(boxes, { text, place, scale: view.scale, isMeasured: "kind" in mark });
      });
  }

  /**
   * @param {Finding} finding
   * @returns {(Localization | Measurement)[]}
   */
  #marks({ localisations, measurements }) {
    return [...localisations, ...measurements].filter(({ tracing }) => tracing === this.deps.tracing());
  }

  /**
   * @param {ReturnType<typeof boxesOf>} boxes
   * @param {{text: string, place: number, scale: number, isMeasured: boolean}} how
   */
  #drawn(boxes, { text, place, scale, isMeasured }) {
    const size = TEXT_PX / scale;
    // Readers who mark the same place: one letter beside the other.
    const shift = place * size * 1.1;
    return svg(
      "g",
      { class: `${colorClass(place)} ${isMeasured ? "is-measured" : "is-area"}` },
      ...boxes.map((box) => svg("rect", { ...box })),
      ...boxes
        .slice(0, 1)
        .map(({ x, y }) =>
          svg(
            "text",
            { x: x + shift, y: Math.max(y - 0.6, size), "font-size": size },
            document.createTextNode(text),
          ),
        ),
    );
  }
}

/** @param {Localization | Measurement} mark */
function leadsOf(mark) {
  if ("leads" in mark) return mark.leads;
  return mark.lead === null ? ["II"] : [mark.lead];
}

/** @param {Measurement} measurement */
function valueOf({ kind, value }) {
  return kind === "interval" ? `${Math.round(value)} ms` : `${value.toFixed(2)} mV`;
}
