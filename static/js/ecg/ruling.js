// ECG paper: millimeter squares as two SVG paths, exact at any scale, on screen and in print.
//
// Repeating a 5 mm tile would be as fast, but browsers round tiles to whole pixels, so the squares drift
// away from the trace at actual size. Paths in millimeters do not drift, and are vectors in a PDF.

import { svg } from "../svg.js";

const SQUARE_MM = 5;

/**
 * Return the path of all grid lines of one weight, in millimeters. The squares begin at the lower left
 * corner.
 *
 * @param {{widthMm: number, heightMm: number}} size
 * @param {{isMajor: boolean}} weight
 */
export function rulingPath({ widthMm, heightMm }, { isMajor }) {
  /** @param {number} mm */
  const isLine = (mm) => (mm % SQUARE_MM === 0) === isMajor;
  const upright = lines(widthMm)
    .filter(isLine)
    .map((x) => `M${x} 0V${heightMm}`);
  const level = lines(heightMm)
    .filter(isLine)
    .map((up) => `M0 ${heightMm - up}H${widthMm}`);
  return [...upright, ...level].join("");
}

/** @param {number} lengthMm */
function lines(lengthMm) {
  return Array.from({ length: Math.floor(lengthMm) + 1 }, (_, mm) => mm);
}

/** An SVG element that draws the paper of the sheet passed to `fit`. */
export class Paper {
  #size = "";

  constructor() {
    this.minor = svg("path", { class: "minor" });
    this.major = svg("path", { class: "major" });
    this.element = svg("svg", { class: "paper", preserveAspectRatio: "none" }, this.minor, this.major);
  }

  /** @param {{widthMm: number, heightMm: number}} sheet */
  fit({ widthMm, heightMm }) {
    const size = `0 0 ${widthMm} ${heightMm}`;
    if (size === this.#size) return; // avoid repainting: most sheets have the same size
    this.#size = size;
    this.element.setAttribute("viewBox", size);
    this.minor.setAttribute("d", rulingPath({ widthMm, heightMm }, { isMajor: false }));
    this.major.setAttribute("d", rulingPath({ widthMm, heightMm }, { isMajor: true }));
  }
}
