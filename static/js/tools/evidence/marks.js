// Draws the reader's evidence on the sheet: marked areas and measured spans.

import { boxesOf } from "./area.js";
import { svg } from "../../svg.js";

/** @import { Finding, Localization, Measurement } from "../../desk/types.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */

export class Marks {
  #group = svg("g", { class: "marks" });
  /** @type {SheetCoordinates | null} */
  #coordinates = null;

  /** @type {readonly Finding[]} */
  #findings = [];

  /**
   * @param {Element} layer a layer below the signal
   * @param {{tracing: () => number | null, nameOf: (code: string) => string}} deps
   */
  constructor(layer, deps) {
    this.deps = deps;
    layer.append(this.#group);
  }

  /** @param {SheetCoordinates} coordinates */
  show(coordinates) {
    this.#coordinates = coordinates;
    this.#draw();
  }

  /** @param {readonly Finding[]} findings */
  mark(findings) {
    this.#findings = findings;
    this.#draw();
  }

  #draw() {
    const coordinates = this.#coordinates;
    if (!coordinates) return;
    const tracing = this.deps.tracing();
    /** @param {Localization | Measurement} mark */
    const isHere = (mark) => mark.tracing === tracing;
    this.#group.replaceChildren(
      ...this.#findings.flatMap((finding) => [
        ...finding.localisations.filter(isHere).flatMap((mark) => this.#area(coordinates, mark, finding)),
        ...finding.measurements.filter(isHere).flatMap((mark) => this.#stretch(coordinates, mark, finding)),
      ]),
    );
  }

  /**
   * @param {SheetCoordinates} coordinates
   * @param {Localization} mark
   * @param {Finding} finding
   */
  #area(coordinates, mark, finding) {
    const reach = Math.min(12, 0.44 * coordinates.pitchMm);
    return boxesOf(coordinates, mark, reach).map((box) =>
      svg("rect", { class: "mark is-area", ...box }, this.#title(finding)),
    );
  }

  /**
   * Draw a bracket well below the baseline, where it rarely meets a wave.
   *
   * @param {SheetCoordinates} coordinates
   * @param {Measurement} mark
   * @param {Finding} finding
   */
  #stretch(coordinates, mark, finding) {
    const reach = Math.min(11, 0.4 * coordinates.pitchMm);
    const leads = mark.lead ? [mark.lead] : [];
    return boxesOf(coordinates, { ...mark, leads }, reach).map(({ x, y, width, height }) =>
      svg(
        "path",
        { class: "mark is-measured", d: `M${x} ${y + height - 1.5}v1.5h${width}v-1.5` },
        this.#title(finding),
      ),
    );
  }

  /** @param {Finding} finding */
  #title(finding) {
    return Object.assign(svg("title"), { textContent: this.deps.nameOf(finding.class) });
  }
}
