// A lens under the pointer: the sheet a little larger, drawn anew in vectors and not blown up.

import { make } from "../dom.js";
import { lookAt } from "./lens.js";
import { placeIn } from "./pointer.js";
import { strip } from "./strip.js";

const FACTOR = 2.5;
const WIDTH_PX = 260;
const HEIGHT_PX = 200;

/** Of a finger, which would hide what it points at. */
const ABOVE_FINGER_PX = 140;

export class Magnifier {
  #isOn = false;
  #seen = null;
  #ground = null;
  #picture = null;
  #at = null;

  constructor(viewer, { words, onChange }) {
    this.viewer = viewer;
    this.words = words;
    this.onChange = onChange;
    this.lens = make("div", { class: "lens", hidden: true, "aria-hidden": "true" });
    viewer.append(this.lens);
    viewer.addEventListener("pointermove", (event) => this.#follow(event));
    viewer.addEventListener("pointerdown", (event) => this.#follow(event));
    viewer.addEventListener("pointerleave", () => this.#isOn && (this.lens.hidden = true));
  }

  get isOn() {
    return this.#isOn;
  }

  /** Another sheet lies there: the lens shows it. */
  show(seen, ground) {
    this.#seen = seen;
    this.#ground = ground;
    this.#picture = null;
    if (this.#isOn && this.#at) this.#move();
  }

  turn(isOn) {
    this.#isOn = isOn;
    this.lens.hidden = !isOn;
    this.viewer.classList.toggle("has-lens", isOn);
    if (isOn && this.#seen) this.#move();
    this.onChange();
  }

  #follow(event) {
    this.#at = { ...placeIn(this.viewer.overlay, event), isTouch: event.pointerType === "touch" };
    if (this.#isOn && this.#seen) requestAnimationFrame(() => this.#isOn && this.#move());
  }

  #move() {
    const { sheet, scale } = this.#seen;
    const { x, y, isTouch } = this.#at ?? { x: sheet.widthMm / 2, y: sheet.heightMm / 2 };
    this.lens.hidden = false;
    const picture = this.#drawn();
    const [width, height] = [WIDTH_PX, HEIGHT_PX].map((px) => px / scale / FACTOR);
    const lookY = lookAt(this.#ground, { x, y }, { width, height });
    picture.setAttribute("viewBox", `${x - width / 2} ${lookY - height / 2} ${width} ${height}`);
    const lift = isTouch ? ABOVE_FINGER_PX : 0;
    this.lens.style.transform = `translate(${x * scale - WIDTH_PX / 2}px, ${y * scale - HEIGHT_PX / 2 - lift}px)`;
  }

  /** Drawn once per sheet, and only when somebody looks through the lens. */
  #drawn() {
    if (!this.#picture) {
      const { sheet, signal, scale } = this.#seen;
      this.#picture = strip(signal, sheet, scale, this.words);
      this.#picture.setAttribute("width", WIDTH_PX);
      this.#picture.setAttribute("height", HEIGHT_PX);
      this.lens.replaceChildren(this.#picture);
    }
    return this.#picture;
  }
}
