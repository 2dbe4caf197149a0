// The dialog for calibrating this screen with a bank card. It also sets the line width of the trace.

import { partsOf } from "../../dom.js";
import { CARD_MM, PX_PER_MM, calibrated, forget, plausible, remember, screenOf } from "../../ecg/screen.js";

/** @import { Calibration } from "../../ecg/screen.js" */
/** @import { Words } from "../../texts.js" */
/** @import { ReaderStore } from "../storage/reader_store.js" */

const CALIBRATIONS = "screens";
const LINE = "trace";

/** In narrower windows the card outline is upright, because a card is wider than a phone. */
const NARROW_PX = 620;

export class ScreenCalibration {
  /** CSS pixels per millimeter as set in the dialog. */
  chosenPxPerMm = PX_PER_MM.typical;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{store: ReaderStore, words: Words, viewer: HTMLElement, onChange: () => void}} deps `store`
   *   belongs to the device, because all readers who use it share its screen. `onChange` is also called when
   *   the screen changes.
   */
  constructor(dialog, deps) {
    this.dialog = dialog;
    this.deps = deps;
    this.part = partsOf(dialog);
    this.range = this.part("card-size", HTMLInputElement);
    this.select = this.part("trace-line", HTMLSelectElement);
    this.range.addEventListener("input", () => this.#show(this.range.valueAsNumber));
    this.part("card-save").addEventListener("click", () =>
      this.#keep(remember(this.#all, this.#here, this.chosenPxPerMm)),
    );
    this.part("card-clear").addEventListener("click", () => this.#keep(forget(this.#all, this.#here)));
    this.select.addEventListener("change", () => this.#drawLine());
    this.#offerLine();
    this.#offerDragging(this.part("card"));
    this.#watch();
  }

  /** CSS pixels per millimeter, or null if the current screen and zoom are not calibrated. */
  get pxPerMm() {
    return calibrated(this.#all, this.#here);
  }

  /** True if this device was calibrated, but for another screen or zoom. */
  get isChanged() {
    return this.pxPerMm === null && this.#all.length > 0;
  }

  open() {
    this.part("card-changed").hidden = !this.isChanged;
    this.part("card-clear").hidden = this.pxPerMm === null;
    this.part("card").classList.toggle("is-upright", window.innerWidth < NARROW_PX);
    const { range } = this;
    range.min = String(PX_PER_MM.min);
    range.max = String(this.#maxPxPerMm());
    range.value = String(this.pxPerMm ?? PX_PER_MM.typical);
    this.#show(range.valueAsNumber);
    this.dialog.showModal();
    range.focus();
  }

  /**
   * All calibrations of this device.
   *
   * @returns {Calibration[]}
   */
  get #all() {
    return this.deps.store.read(CALIBRATIONS) ?? [];
  }

  get #here() {
    return screenOf(window);
  }

  /** The largest scale at which the card fits into the dialog. */
  #maxPxPerMm() {
    return Math.min(
      (window.innerWidth - 96) / (this.#isUpright ? CARD_MM.height : CARD_MM.width),
      PX_PER_MM.max,
    );
  }

  get #isUpright() {
    return this.part("card").classList.contains("is-upright");
  }

  /**
   * Draw the outline of the card, and a 50 mm line to check with a ruler.
   *
   * @param {number} pxPerMm
   */
  #show(pxPerMm) {
    this.chosenPxPerMm = plausible(pxPerMm);
    const card = this.part("card");
    const [width, height] = this.#isUpright
      ? [CARD_MM.height, CARD_MM.width]
      : [CARD_MM.width, CARD_MM.height];
    card.style.width = `${width * this.chosenPxPerMm}px`;
    card.style.height = `${height * this.chosenPxPerMm}px`;
    this.part("card-ruler").style.width = `${50 * this.chosenPxPerMm}px`;
    const text = this.deps.words("screen-scale", { scale: this.chosenPxPerMm.toFixed(2) });
    this.part("card-scale").textContent = text;
    this.range.setAttribute("aria-valuetext", text);
  }

  /** @param {Calibration[]} calibrations */
  #keep(calibrations) {
    this.deps.store.write(CALIBRATIONS, calibrations);
    this.deps.onChange();
  }

  /**
   * Let the pointer drag the corner of the outline. The slider is the keyboard alternative.
   *
   * @param {HTMLElement} card
   */
  #offerDragging(card) {
    const { range } = this;
    const handle = this.part("card-corner");
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const widthPx = event.clientX - card.getBoundingClientRect().left;
      range.value = String(widthPx / (this.#isUpright ? CARD_MM.height : CARD_MM.width));
      this.#show(range.valueAsNumber);
    });
  }

  #offerLine() {
    const { select } = this;
    const known = this.deps.store.read(LINE);
    if ([...select.options].some(({ value }) => value === known)) select.value = known;
    this.#drawLine();
  }

  #drawLine() {
    const { value } = this.select;
    this.deps.store.write(LINE, value);
    this.deps.viewer.dataset.line = value;
  }

  /** Call `onChange` when the monitor or the browser zoom changes, because another calibration may apply. */
  #watch() {
    let before = JSON.stringify(this.#here);
    const look = () => {
      const now = JSON.stringify(this.#here);
      if (now !== before) this.deps.onChange();
      before = now;
    };
    window.addEventListener("resize", look);
    const watchRatio = () => {
      matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener(
        "change",
        () => {
          look();
          watchRatio();
        },
        { once: true },
      );
    };
    watchRatio();
  }
}
