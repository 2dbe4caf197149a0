// ECG paper: millimeter squares as two SVG paths, exact at any scale, on screen and in print.
//
// A repeated 5 mm tile would be as fast, but browsers round it to whole pixels: at actual size the squares
// drift away from the trace. Paths in millimeters do not, and in a PDF they are vectors.

import { svg } from "../svg.js";

const SQUARE_MM = 5;

/**
 * The path of all grid lines of one weight: `d` in millimeters, from the lower left corner.
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

/** An element that shows the paper of any sheet passed to `fit`. */
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
    if (size === this.#size) return; // most sheets have one size: avoid repainting
    this.#size = size;
    this.element.setAttribute("viewBox", size);
    this.minor.setAttribute("d", rulingPath({ widthMm, heightMm }, { isMajor: false }));
    this.major.setAttribute("d", rulingPath({ widthMm, heightMm }, { isMajor: true }));
  }
}
