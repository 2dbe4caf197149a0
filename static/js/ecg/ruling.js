// The paper: millimetre squares as two SVG paths, true at any scale, on the screen as in print.
//
// A repeated 5 mm tile would be as quick, but a browser rounds it to whole pixels: at life size the squares then run
// away from the trace. Two paths in millimetres do not, and in a PDF they are vectors.

import { svg } from "../svg.js";

const SQUARE_MM = 5;

/** The path of all ruling lines of one weight on paper of this size: `d` in millimetres, from the lower left corner. */
export function rulingPath({ widthMm, heightMm }, { isMajor }) {
  const wanted = (mm) => (mm % SQUARE_MM === 0) === isMajor;
  const upright = lines(widthMm)
    .filter(wanted)
    .map((x) => `M${x} 0V${heightMm}`);
  const level = lines(heightMm)
    .filter(wanted)
    .map((up) => `M0 ${heightMm - up}H${widthMm}`);
  return [...upright, ...level].join("");
}

function lines(lengthMm) {
  return Array.from({ length: Math.floor(lengthMm) + 1 }, (_, mm) => mm);
}

/** An element that shows the paper of any sheet given to `fit`. */
export class Paper {
  #size = "";

  constructor() {
    this.minor = svg("path", { class: "minor" });
    this.major = svg("path", { class: "major" });
    this.element = svg("svg", { class: "paper", preserveAspectRatio: "none" }, this.minor, this.major);
  }

  fit({ widthMm, heightMm }) {
    const size = `0 0 ${widthMm} ${heightMm}`;
    if (size === this.#size) return; // most sheets are of one size: then nothing is painted anew
    this.#size = size;
    this.element.setAttribute("viewBox", size);
    this.minor.setAttribute("d", rulingPath({ widthMm, heightMm }, { isMajor: false }));
    this.major.setAttribute("d", rulingPath({ widthMm, heightMm }, { isMajor: true }));
  }
}
