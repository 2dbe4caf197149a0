// This screen: how large a millimetre is on it, measured with a bank card, and how strong the trace is drawn.

import { partsOf } from "../dom.js";
import { CARD_MM, PX_PER_MM, forget, measured, plausible, remember, screenOf } from "../ecg/screen.js";

const MEASURED = "screens";
const LINE = "trace";

/** A card is wider than a telephone: there the outline stands upright. */
const NARROW_PX = 620;

export class ThisScreen {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {{shelf: object, words: Function, viewer: HTMLElement, onChange: () => void}} world `shelf` belongs to the
   *   device, not to the reader: whoever sits here has the same screen. `onChange` is told of another screen too.
   */
  constructor(dialog, world) {
    this.dialog = dialog;
    this.world = world;
    this.part = partsOf(dialog);
    this.part("card-size").addEventListener("input", () => this.#show(this.part("card-size").valueAsNumber));
    this.part("card-save").addEventListener("click", () =>
      this.#keep(remember(this.#all, this.#here, this.wanted)),
    );
    this.part("card-forget").addEventListener("click", () => this.#keep(forget(this.#all, this.#here)));
    this.part("trace-line").addEventListener("change", () => this.#drawLine());
    this.#offerLine();
    this.#offerDragging(this.part("card"));
    this.#watch();
  }

  /** CSS pixels per millimetre, or null: never measured as it is now. */
  get pxPerMm() {
    return measured(this.#all, this.#here);
  }

  /** Was this device measured once, but with another screen or another magnification? */
  get isChanged() {
    return this.pxPerMm === null && this.#all.length > 0;
  }

  open() {
    this.part("card-changed").hidden = !this.isChanged;
    this.part("card-forget").hidden = this.pxPerMm === null;
    this.part("card").classList.toggle("is-upright", window.innerWidth < NARROW_PX);
    const range = this.part("card-size");
    range.min = PX_PER_MM.least;
    range.max = Math.min(PX_PER_MM.most, this.#roomPxPerMm());
    range.value = this.pxPerMm ?? PX_PER_MM.usual;
    this.#show(range.valueAsNumber);
    this.dialog.showModal();
    range.focus();
  }

  get #all() {
    return this.world.shelf.read(MEASURED) ?? [];
  }

  get #here() {
    return screenOf(window);
  }

  /** The dialog can show no larger card than this. */
  #roomPxPerMm() {
    return Math.min(
      (window.innerWidth - 96) / (this.#isUpright ? CARD_MM.height : CARD_MM.width),
      PX_PER_MM.most,
    );
  }

  get #isUpright() {
    return this.part("card").classList.contains("is-upright");
  }

  /** Draw the outline of the card, and a line of 50 mm beside it to check by a ruler. */
  #show(pxPerMm) {
    this.wanted = plausible(pxPerMm);
    const card = this.part("card");
    const [width, height] = this.#isUpright
      ? [CARD_MM.height, CARD_MM.width]
      : [CARD_MM.width, CARD_MM.height];
    card.style.width = `${width * this.wanted}px`;
    card.style.height = `${height * this.wanted}px`;
    this.part("card-ruler").style.width = `${50 * this.wanted}px`;
    const text = this.world.words("screen-scale", { scale: this.wanted.toFixed(2) });
    this.part("card-scale").textContent = text;
    this.part("card-size").setAttribute("aria-valuetext", text);
  }

  #keep(measurements) {
    this.world.shelf.write(MEASURED, measurements);
    this.world.onChange();
  }

  /** The corner of the outline can be dragged; the slider does the same for keys. */
  #offerDragging(card) {
    const range = this.part("card-size");
    const handle = this.part("card-corner");
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const widthPx = event.clientX - card.getBoundingClientRect().left;
      range.value = widthPx / (this.#isUpright ? CARD_MM.height : CARD_MM.width);
      this.#show(range.valueAsNumber);
    });
  }

  #offerLine() {
    const select = this.part("trace-line");
    const known = this.world.shelf.read(LINE);
    if ([...select.options].some(({ value }) => value === known)) select.value = known;
    this.#drawLine();
  }

  #drawLine() {
    const { value } = this.part("trace-line");
    this.world.shelf.write(LINE, value);
    this.world.viewer.dataset.line = value;
  }

  /** Another monitor or another zoom of the browser: what was measured may not hold any more. */
  #watch() {
    let before = JSON.stringify(this.#here);
    const look = () => {
      const now = JSON.stringify(this.#here);
      if (now !== before) this.world.onChange();
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
