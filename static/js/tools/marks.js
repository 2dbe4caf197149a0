// What the reader has said of the findings, drawn where it was said: areas, and the stretches that were measured.

import { boxesOf } from "./area.js";
import { svg } from "./svg.js";

export class Marks {
  #group = svg("g", { class: "marks" });
  #ground = null;
  #findings = [];

  /** @param {SVGGElement} layer @param {{tracing: () => number, nameOf: (code: string) => string}} world */
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
    this.#group.replaceChildren(...this.#findings.flatMap((finding) => {
      const here = (mark) => mark.tracing === tracing;
      const title = () => Object.assign(svg("title"), { textContent: this.world.nameOf(finding.class) });
      const box = (mark, kind, reach) => boxesOf(this.#ground, mark, reach).map((at) => svg("rect", { class: `mark is-${kind}`, ...at }, title()));
      const reach = Math.min(12, 0.44 * this.#ground.pitchMm);
      return [
        ...(finding.localisations ?? []).filter(here).flatMap((mark) => box(mark, "area", reach)),
        ...(finding.measurements ?? []).filter(here).filter(({ lead }) => lead).flatMap((mark) => box({ ...mark, leads: [mark.lead] }, "measured", 0.35)),
      ];
    }));
  }
}
