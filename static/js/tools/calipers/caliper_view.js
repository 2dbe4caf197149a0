// Draws the calipers over a sheet. It handles no pointer or key events.

import { set, svg } from "../../svg.js";
import { Kind, barMm, isPlaced, marks, reachMm } from "./calipers.js";
import { placeLabel } from "./label.js";

/** @import { Box, Point, Size } from "../../ecg/types.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */
/** @import { CaliperState, LeadName, PlacedCalipers } from "../types.js" */

const TEXT_PX = 13;

/** Width of a digit relative to the font size. */
const DIGIT_WIDTH = 0.6;

export class CaliperView {
  #parts = {
    marks: svg("path", { class: "caliper-marks" }),
    grip: svg("path", { class: "caliper-grip" }),
    bar: svg("path", { class: "caliper-bar" }),
    legs: [svg("path", { class: "caliper-leg" }), svg("path", { class: "caliper-leg" })],
    box: svg("rect", { class: "caliper-box", rx: 0.8 }),
    text: svg("text", { class: "caliper-text", "text-anchor": "middle" }),
  };
  #group = svg("g", { class: "caliper" });

  /**
   * @param {Element} layer layer of the overlay to draw in
   * @param {() => LeadName[]} namesMm boxes of the lead names
   */
  constructor(layer, namesMm) {
    const { marks: repeated, grip, bar, legs, box, text } = this.#parts;
    this.#group.append(repeated, grip, bar, ...legs, box, text);
    this.#group.setAttribute("hidden", "");
    layer.append(this.#group);
    this.namesMm = namesMm;
  }

  /**
   * Draw `state` at `scale` px/mm with the readout `text`.
   *
   * @param {CaliperState} state
   * @param {SheetCoordinates} coordinates
   * @param {number} scale
   * @param {string} text
   */
  draw(state, coordinates, scale, text) {
    this.#group.toggleAttribute("hidden", !isPlaced(state));
    if (!isPlaced(state)) return;
    const span =
      state.kind === Kind.AMPLITUDE
        ? this.#drawAmplitude(state, coordinates)
        : this.#drawInterval(state, coordinates);
    this.#group.classList.toggle("is-held", state.hand !== null);
    this.#write(text, span, coordinates.sheet, scale);
  }

  /**
   * @param {PlacedCalipers} state
   * @param {SheetCoordinates} coordinates
   */
  #drawInterval(state, coordinates) {
    const reach = reachMm(coordinates);
    const [one, other] = placesOf(state, coordinates);
    const { y } = coordinates.placeOf(state.cell, state.cell.startS);
    const [top, bottom] = [Math.max(y - reach, 1), y + reach];
    this.#parts.legs.forEach((leg, i) => set(leg, { d: `M${[one, other][i].x} ${top}V${bottom}` }));
    set(this.#parts.bar, { d: `M${one.x} ${top}H${other.x}` });
    set(this.#parts.grip, {
      d: `M${one.x} ${top}H${other.x}M${one.x} ${top}V${bottom}M${other.x} ${top}V${bottom}`,
    });
    const repeated = state.isMarching ? marks(state, coordinates) : [];
    set(this.#parts.marks, { d: repeated.map((x) => `M${x} ${top + 2}V${bottom - 2}`).join("") });
    return { left: Math.min(one.x, other.x), right: Math.max(one.x, other.x), top, bottom };
  }

  /**
   * Draw two levels with a bar between them, and a small tick at the time of each.
   *
   * @param {PlacedCalipers} state
   * @param {SheetCoordinates} coordinates
   */
  #drawAmplitude(state, coordinates) {
    const [one, other] = placesOf(state, coordinates);
    const [left, right] = [Math.min(one.x, other.x) - 4, Math.max(one.x, other.x) + 4];
    this.#parts.legs.forEach((leg, i) => {
      const { x, y } = [one, other][i];
      set(leg, { d: `M${left} ${y}H${right}M${x} ${y - 1}V${y + 1}` });
    });
    set(this.#parts.bar, { d: `M${barMm([one, other])} ${one.y}V${other.y}` });
    set(this.#parts.grip, { d: `M${left} ${one.y}H${right}M${left} ${other.y}H${right}` });
    set(this.#parts.marks, { d: "" });
    // The margin of 3 mm keeps the readout from covering the measured wave.
    return { left, right, top: Math.min(one.y, other.y) - 3, bottom: Math.max(one.y, other.y) + 3 };
  }

  /**
   * @param {string} text
   * @param {Box} span
   * @param {Size} sheet
   * @param {number} scale
   */
  #write(text, span, { widthMm, heightMm }, scale) {
    const size = TEXT_PX / scale;
    const box = { width: (text.length * DIGIT_WIDTH + 0.8) * size, height: 1.5 * size };
    const free = placeLabel(box, span, this.namesMm(), {
      left: 0.5,
      right: widthMm - 0.5,
      top: 0.5,
      bottom: heightMm - 0.5,
    });
    for (const part of [this.#parts.box, this.#parts.text]) part.toggleAttribute("hidden", free === null);
    if (free === null) return;
    set(this.#parts.box, { x: free.x, y: free.y, ...box });
    set(this.#parts.text, { x: free.x + box.width / 2, y: free.y + 1.08 * size, "font-size": size });
    this.#parts.text.textContent = text;
  }
}

/**
 * @param {PlacedCalipers} state
 * @param {SheetCoordinates} coordinates
 * @returns {Point[]}
 */
function placesOf({ cell, legs }, coordinates) {
  return legs.map(({ seconds, millivolts }) => coordinates.placeOf(cell, seconds, millivolts));
}
