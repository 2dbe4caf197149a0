// What the reader has said of the findings, drawn where it was said: areas, and the stretches that were measured.

import { boxesOf } from "./area.js";
import { svg } from "../svg.js";

export class Marks {
  #group = svg("g", { class: "marks" });
  #ground = null;
  #findings = [];

  /** @param {SVGElement} layer under the signal @param {{tracing: () => number, nameOf: (code: string) => string}} world */
  constructor(layer, world) {
    this.world = world;
    layer.append(this.#group);
  }

  show(ground) {
    this.#ground = ground;
    this.#draw();
  }

  /** @param {object[]} findings of the content of a reading */
  mark(findings) {
    this.#findings = findings;
    this.#draw();
  }

  #draw() {
    if (!this.#ground) return;
    const tracing = this.world.tracing();
    const isHere = (mark) => mark.tracing === tracing;
    this.#group.replaceChildren(
      ...this.#findings.flatMap(({ localisations = [], measurements = [], ...finding }) => [
        ...localisations.filter(isHere).flatMap((mark) => this.#area(mark, finding)),
        ...measurements
          .filter((mark) => isHere(mark) && mark.lead)
          .flatMap((mark) => this.#stretch(mark, finding)),
      ]),
    );
  }

  #area(mark, finding) {
    const reach = Math.min(12, 0.44 * this.#ground.pitchMm);
    return boxesOf(this.#ground, mark, reach).map((box) =>
      svg("rect", { class: "mark is-area", ...box }, this.#title(finding)),
    );
  }

  /** A bracket below the waves, where it hides nothing of them. */
  #stretch(mark, finding) {
    const reach = Math.min(11, 0.4 * this.#ground.pitchMm);
    return boxesOf(this.#ground, { ...mark, leads: [mark.lead] }, reach).map(({ x, y, width, height }) =>
      svg(
        "path",
        { class: "mark is-measured", d: `M${x} ${y + height - 1.5}v1.5h${width}v-1.5` },
        this.#title(finding),
      ),
    );
  }

  #title(finding) {
    return Object.assign(svg("title"), { textContent: this.world.nameOf(finding.class) });
  }
}
