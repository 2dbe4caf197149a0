// <ecg-viewer>: the 12-lead sheet on paper.
//
// Two plots lie on top of each other. prepare() draws into the hidden one while the reader is still thinking;
// show() swaps the two, which costs one frame. Colours and line width belong to the stylesheet.

import { plot } from "../plot.js";
import { DEFAULT_SETTINGS, arrange, fitScale, pageCount } from "./layout.js";
import { createOverlay, fitOverlay } from "./overlay.js";
import { holderOf, roomFor } from "./available_space.js";
import { Paper } from "./ruling.js";
import { lifeSize } from "./screen.js";
import { figure, paperLacking } from "./sheet.js";

/** Below this the lines of the millimetres would run into one another. */
const COARSE_PX_PER_MM = 2.6;

class Buffer {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "plot";
    this.element.inert = true;
    this.key = null;
    this.raw = null; // as recorded
    this.signal = null; // as drawn: what the views made of it
    this.sheet = null;
  }
}

class EcgViewer extends HTMLElement {
  #front = new Buffer();
  #back = new Buffer();
  #paper = new Paper();
  #overlay = createOverlay();
  #views = []; // pure functions from a signal to a signal, applied in turn before drawing: filters, exchanged leads
  #settings = { ...DEFAULT_SETTINGS };
  #page = 0;
  #room = { widthPx: 0, heightPx: 0 };
  #lifePxPerMm = null;

  /** The product's words for the states of a lead: `{missing, flat, derived}`. */
  words = {};

  /** CSS pixels per millimetre of this screen as measured, or null. */
  screenPxPerMm = null;

  connectedCallback() {
    this.prepend(this.#paper.element); // what the page wrote into the element lies on the paper and under the signal
    this.append(this.#back.element, this.#front.element, this.#overlay);
    this.#paper.element.setAttribute("role", "img"); // and not the viewer: what lies in the overlay may take the focus
    this.#room = roomFor(this);
    new ResizeObserver(() => this.#refit()).observe(holderOf(this));
  }

  /** The key of the sheet on view, or null. */
  get shown() {
    return this.#front.key;
  }

  /** What a screen reader says of the sheet. */
  set label(text) {
    this.#paper.element.setAttribute("aria-label", text);
  }

  /** The recording on view as it is, before any view changed it; null while there is none. */
  get recording() {
    return this.#front.raw;
  }

  /**
   * An SVG over the sheet for what is drawn on it: millimetres from the upper left corner, y down. Its layers are
   * `<g data-layer="evidence | calipers">`. Who draws there redraws at each "sheet" event.
   */
  get overlay() {
    return this.#overlay;
  }

  /** How the sheet is drawn now; the reading keeps it, for what was seen depends on it. */
  get display() {
    const scale = this.#front.sheet ? this.#scaleOf(this.#front.sheet) : null;
    return {
      ...this.#settings,
      page: this.#page,
      pxPerMm: scale,
      calibratedPxPerMm: this.screenPxPerMm,
      lifeSize: scale && lifeSize(scale, this.screenPxPerMm),
      lineWidthPx: this.#lineWidthPx,
    };
  }

  get pages() {
    return this.#front.raw ? pageCount(durationOf(this.#front.raw), this.#settings.speedMmPerS) : 1;
  }

  get page() {
    return this.#page;
  }

  /** Draw `signal` where it is not seen, to be shown later under `key`. */
  async prepare(key, signal) {
    if (this.#back.key === key) return;
    await this.#draw(this.#back, key, signal, 0);
  }

  /** What was drawn where it is not seen is out of date: the next prepare() draws anew. */
  forgetHidden() {
    this.#back.key = null;
  }

  /** Show the sheet prepared under `key`; false when it was never prepared. */
  show(key) {
    if (this.#front.key === key) return true;
    if (this.#back.key !== key) return false;
    [this.#front, this.#back] = [this.#back, this.#front];
    this.#page = 0;
    this.#present();
    return true;
  }

  /**
   * Change how this and all later sheets are drawn: arrangement, rhythm, order, speed, gain, and the filter's name
   * together with the `views` that do what it says.
   */
  async configure({ views = this.#views, ...settings }) {
    const before = this.#settings;
    this.#settings = { ...before, ...settings };
    this.#views = Object.freeze([...views]);
    if (this.#settings.speedMmPerS !== before.speedMmPerS) this.#page = 0; // the pages begin elsewhere then
    await this.#redraw();
  }

  /** Draw one millimetre as `pxPerMm`, however large the sheet then is; null: as large as the room allows. */
  async drawAt(pxPerMm) {
    if (pxPerMm === this.#lifePxPerMm) return;
    this.#lifePxPerMm = pxPerMm;
    await this.#redraw();
  }

  /** Turn to another page of a recording longer than the paper. */
  async turn(page) {
    const wanted = Math.min(Math.max(page, 0), this.pages - 1);
    if (wanted === this.#page) return;
    this.#page = wanted;
    await this.#draw(this.#front, this.#front.key, this.#front.raw, wanted);
    this.#present();
  }

  async #draw(buffer, key, raw, page) {
    const signal = this.#views.reduce((seen, view) => view(seen), raw);
    const sheet = this.#arrange(signal, page);
    const drawn = figure(signal, sheet, this.#scaleOf(sheet), this.words);
    Object.assign(buffer, { key, raw, signal, sheet });
    await plot(buffer.element, drawn);
  }

  /** The usual sheet, or a taller one for tall waves: a wave cut at the edge would be a false voltage. */
  #arrange(signal, page) {
    const asked = { durationS: durationOf(signal), page, ...this.#settings };
    return arrange({ ...asked, ...paperLacking(signal, arrange(asked)) });
  }

  async #redraw() {
    for (const buffer of [this.#front, this.#back]) {
      if (buffer.raw) {
        await this.#draw(buffer, buffer.key, buffer.raw, buffer === this.#front ? this.#page : 0);
      }
    }
    this.#present();
  }

  /** Put the paper under the front plot and hide the other one. */
  #present() {
    const { sheet } = this.#front;
    if (!sheet) return;
    const scale = this.#scaleOf(sheet);
    this.#front.element.classList.add("is-front");
    this.#back.element.classList.remove("is-front");
    this.style.setProperty("--px-per-mm", scale); // print enlarges or shrinks by it to a true millimetre
    this.style.setProperty("--width-mm", sheet.widthMm);
    this.style.width = `${sheet.widthMm * scale}px`;
    this.style.height = `${sheet.heightMm * scale}px`;
    this.#paper.fit(sheet);
    this.classList.toggle("is-coarse", scale < COARSE_PX_PER_MM);
    fitOverlay(this.#overlay, sheet);
    const { key, raw, signal } = this.#front;
    this.dispatchEvent(new CustomEvent("sheet", { detail: { key, sheet, scale, signal, raw } }));
  }

  get #lineWidthPx() {
    return parseFloat(getComputedStyle(this).getPropertyValue("--trace-width")) || 1;
  }

  #scaleOf(sheet) {
    return this.#lifePxPerMm ?? fitScale(sheet, this.#room, globalThis.devicePixelRatio);
  }

  #refit() {
    const room = roomFor(this);
    const changed = room.widthPx !== this.#room.widthPx || room.heightPx !== this.#room.heightPx;
    this.#room = room;
    if (changed && this.#front.sheet) this.#redraw();
  }
}

function durationOf(signal) {
  return signal.nSamples / signal.samplingRateHz;
}

customElements.define("ecg-viewer", EcgViewer);
