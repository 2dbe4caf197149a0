// A lens at the pointer that enlarges the sheet. It redraws the sheet as vectors instead of scaling pixels.

import { make } from "../../dom.js";
import { placeIn } from "../pointer.js";
import { lookAt } from "./lens.js";
import { strip } from "./strip.js";

/** @import { SheetView } from "../../ecg/types.js" */
/** @import { EcgViewer } from "../../ecg/viewer.js" */
/** @import { Words } from "../../texts.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */

const FACTOR = 2.5;
const WIDTH_PX = 260;
const HEIGHT_PX = 200;

/** On touch screens the lens is above the finger, which would otherwise hide what it points at. */
const ABOVE_FINGER_PX = 140;

export class Magnifier {
  #isOn = false;
  /** @type {{view: SheetView, coordinates: SheetCoordinates} | null} */
  #shown = null;

  /** @type {SVGSVGElement | null} */
  #picture = null;

  /** @type {{x: number, y: number, isTouch: boolean} | null} */
  #at = null;

  /**
   * @param {EcgViewer} viewer
   * @param {{words: Words, onChange: () => void}} deps
   */
  constructor(viewer, { words, onChange }) {
    this.viewer = viewer;
    this.words = words;
    this.onChange = onChange;
    this.lens = make("div", { class: "lens", hidden: true, "aria-hidden": "true" });
    viewer.append(this.lens);
    viewer.addEventListener("pointermove", (event) => this.#follow(event));
    viewer.addEventListener("pointerdown", (event) => this.#follow(event));
    viewer.addEventListener("pointerleave", () => {
      if (this.#isOn) this.lens.hidden = true;
    });
  }

  get isOn() {
    return this.#isOn;
  }

  /**
   * Update the lens when another sheet is displayed.
   *
   * @param {SheetView} view
   * @param {SheetCoordinates} coordinates
   */
  show(view, coordinates) {
    this.#shown = { view, coordinates };
    this.#picture = null;
    if (this.#isOn && this.#at) this.#move();
  }

  /** @param {boolean} isOn */
  turn(isOn) {
    this.#isOn = isOn;
    this.lens.hidden = !isOn;
    this.viewer.classList.toggle("has-lens", isOn);
    if (isOn && this.#shown) this.#move();
    this.onChange();
  }

  /** @param {PointerEvent} event */
  #follow(event) {
    this.#at = { ...placeIn(this.viewer.overlay, event), isTouch: event.pointerType === "touch" };
    if (this.#isOn && this.#shown) requestAnimationFrame(() => this.#isOn && this.#move());
  }

  #move() {
    if (!this.#shown) return;
    const { view, coordinates } = this.#shown;
    const { sheet, scale } = view;
    const center = { x: sheet.widthMm / 2, y: sheet.heightMm / 2, isTouch: false };
    const { x, y, isTouch } = this.#at ?? center;
    this.lens.hidden = false;
    const picture = this.#drawn(view);
    const [width, height] = [WIDTH_PX, HEIGHT_PX].map((px) => px / scale / FACTOR);
    const lookY = lookAt(coordinates, { x, y }, { width, height });
    picture.setAttribute("viewBox", `${x - width / 2} ${lookY - height / 2} ${width} ${height}`);
    const lift = isTouch ? ABOVE_FINGER_PX : 0;
    const [left, top] = [x * scale - WIDTH_PX / 2, y * scale - HEIGHT_PX / 2 - lift];
    this.lens.style.transform = `translate(${left}px, ${top}px)`;
  }

  /**
   * Draw the sheet for the lens, once per sheet and only when the lens is used.
   *
   * @param {SheetView} view
   */
  #drawn({ sheet, signal, scale }) {
    if (!this.#picture) {
      this.#picture = strip(signal, sheet, scale, this.words);
      this.#picture.setAttribute("width", String(WIDTH_PX));
      this.#picture.setAttribute("height", String(HEIGHT_PX));
      this.lens.replaceChildren(this.#picture);
    }
    return this.#picture;
  }
}
