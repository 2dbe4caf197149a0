// <ecg-viewer>: a 12-lead ECG drawn on paper.
//
// Two plots lie on top of each other. prepare() draws the next exam into the hidden one while the reader
// works on the current exam. show() swaps the two within one frame. The style sheet sets colors and line
// width.

import { plot } from "../plot.js";
import { DEFAULT_SETTINGS, arrange, fitScale, pageCount } from "./layout.js";
import { createOverlay, fitOverlay } from "./overlay.js";
import { availableSpace, containerOf } from "./available_space.js";
import { Paper } from "./ruling.js";
import { magnification } from "./screen.js";
import { figure, paperLacking } from "./sheet.js";

/** @import { Sheet, SheetSettings, SheetView, Signal } from "./types.js" */

/** Below this scale, millimeter lines would merge. */
const COARSE_PX_PER_MM = 2.6;

/** A plot of the double buffer: the front one is displayed while the next one is drawn into the back one. */
class Buffer {
  element = document.createElement("div");

  /** @type {string | null} */
  key = null;

  /**
   * As recorded.
   *
   * @type {Signal | null}
   */
  raw = null;

  /**
   * As drawn, after filters and swaps.
   *
   * @type {Signal | null}
   */
  signal = null;

  /** @type {Sheet | null} */
  sheet = null;

  constructor() {
    this.element.className = "plot";
    this.element.inert = true;
  }
}

export class EcgViewer extends HTMLElement {
  #front = new Buffer();
  #back = new Buffer();
  #paper = new Paper();
  #overlay = createOverlay();
  /**
   * Functions applied in turn before drawing: filters, previews of undone lead reversals.
   *
   * @type {readonly ((signal: Signal) => Signal)[]}
   */
  #views = [];
  /** @type {SheetSettings} */
  #settings = { ...DEFAULT_SETTINGS };
  #page = 0;
  #space = { widthPx: 0, heightPx: 0 };
  /** @type {number | null} */
  #fixedPxPerMm = null;

  /**
   * Texts for the states of a lead.
   *
   * @type {{missing?: string, flat?: string, derived?: string}}
   */
  words = {};

  /**
   * CSS pixels per millimeter of this screen, or null if it is not calibrated.
   *
   * @type {number | null}
   */
  screenPxPerMm = null;

  connectedCallback() {
    this.prepend(this.#paper.element); // server-rendered content stays above the paper and below the signal
    this.append(this.#back.element, this.#front.element, this.#overlay);
    // Not on the viewer itself, because the overlay may take focus.
    this.#paper.element.setAttribute("role", "img");
    this.#space = availableSpace(this);
    new ResizeObserver(() => this.#refit()).observe(containerOf(this));
  }

  /** The key of the displayed sheet, or null. */
  get shown() {
    return this.#front.key;
  }

  /**
   * Set the sheet's description for screen readers.
   *
   * @param {string} text
   */
  set label(text) {
    this.#paper.element.setAttribute("aria-label", text);
  }

  /** The displayed recording before filters and swaps, or null if there is none. */
  get recording() {
    return this.#front.raw;
  }

  /**
   * An SVG over the sheet, in millimeters from the upper left corner, y down. Its layers are `<g
   * data-layer="evidence | calipers">`. Code that draws on it must redraw on each "sheet" event.
   */
  get overlay() {
    return this.#overlay;
  }

  /**
   * The current display settings. They are stored with the reading, because they determine what the reader
   * saw.
   */
  get display() {
    const scale = this.#front.sheet ? this.#scaleOf(this.#front.sheet) : null;
    return {
      ...this.#settings,
      page: this.#page,
      pxPerMm: scale,
      calibratedPxPerMm: this.screenPxPerMm,
      lifeSize: scale && magnification(scale, this.screenPxPerMm),
      lineWidthPx: this.#lineWidthPx,
    };
  }

  get pages() {
    return this.#front.raw ? pageCount(durationOf(this.#front.raw), this.#settings.speedMmPerS) : 1;
  }

  get page() {
    return this.#page;
  }

  /**
   * Draw `signal` into the hidden plot, for a later `show(key)`.
   *
   * @param {string} key
   * @param {Signal} signal
   */
  async prepare(key, signal) {
    if (this.#back.key === key) return;
    await this.#draw(this.#back, key, signal, 0);
  }

  /** Make the next prepare() redraw. */
  forgetHidden() {
    this.#back.key = null;
  }

  /**
   * Show the sheet prepared under `key`. Returns false if no plot holds it.
   *
   * @param {string} key
   */
  show(key) {
    if (this.#front.key === key) return true;
    if (this.#back.key !== key) return false;
    [this.#front, this.#back] = [this.#back, this.#front];
    this.#page = 0;
    this.#present();
    return true;
  }

  /**
   * Change the settings of this and all later sheets. `filter` only names the filter; `views` applies it.
   *
   * @param {Partial<SheetSettings> & {views?: readonly ((signal: Signal) => Signal)[]}} changes
   */
  async configure({ views = this.#views, ...settings }) {
    const before = this.#settings;
    this.#settings = { ...before, ...settings };
    this.#views = Object.freeze([...views]);
    // Page boundaries change with the speed.
    if (this.#settings.speedMmPerS !== before.speedMmPerS) this.#page = 0;
    await this.#redraw();
  }

  /**
   * Draw one millimeter as `pxPerMm`, regardless of the available space. Null draws the sheet as
   * large as fits.
   *
   * @param {number | null} pxPerMm
   */
  async drawAt(pxPerMm) {
    if (pxPerMm === this.#fixedPxPerMm) return;
    this.#fixedPxPerMm = pxPerMm;
    await this.#redraw();
  }

  /**
   * Go to another page of a recording that needs several.
   *
   * @param {number} page
   */
  async turn(page) {
    const target = Math.min(Math.max(page, 0), this.pages - 1);
    if (target === this.#page) return;
    this.#page = target;
    const { key, raw } = this.#front;
    if (key === null || raw === null) return;
    await this.#draw(this.#front, key, raw, target);
    this.#present();
  }

  /**
   * @param {Buffer} buffer
   * @param {string} key
   * @param {Signal} raw
   * @param {number} page
   */
  async #draw(buffer, key, raw, page) {
    const signal = this.#views.reduce((current, view) => view(current), raw);
    const sheet = this.#arrange(signal, page);
    const drawn = figure(signal, sheet, this.#scaleOf(sheet), this.words);
    Object.assign(buffer, { key, raw, signal, sheet });
    await plot(buffer.element, drawn);
  }

  /**
   * Lay out the standard sheet, or a taller one if waves need it. A wave cut off at the edge would show a
   * false voltage.
   *
   * @param {Signal} signal
   * @param {number} page
   */
  #arrange(signal, page) {
    const request = { durationS: durationOf(signal), page, ...this.#settings };
    return arrange({ ...request, ...paperLacking(signal, arrange(request)) });
  }

  async #redraw() {
    for (const buffer of [this.#front, this.#back]) {
      if (buffer.key !== null && buffer.raw) {
        await this.#draw(buffer, buffer.key, buffer.raw, buffer === this.#front ? this.#page : 0);
      }
    }
    this.#present();
  }

  /** Put the paper under the front plot and hide the back plot. */
  #present() {
    const { sheet } = this.#front;
    if (!sheet) return;
    const scale = this.#scaleOf(sheet);
    this.#front.element.classList.add("is-front");
    this.#back.element.classList.remove("is-front");
    // The print style sheet needs --px-per-mm to print true millimeters.
    this.style.setProperty("--px-per-mm", String(scale));
    this.style.setProperty("--width-mm", String(sheet.widthMm));
    this.style.width = `${sheet.widthMm * scale}px`;
    this.style.height = `${sheet.heightMm * scale}px`;
    this.#paper.fit(sheet);
    this.classList.toggle("is-coarse", scale < COARSE_PX_PER_MM);
    fitOverlay(this.#overlay, sheet);
    const { key, raw, signal } = this.#front;
    const detail = /** @type {SheetView} */ ({ key, sheet, scale, signal, raw });
    this.dispatchEvent(new CustomEvent("sheet", { detail }));
  }

  get #lineWidthPx() {
    return parseFloat(getComputedStyle(this).getPropertyValue("--trace-width")) || 1;
  }

  /** @param {Sheet} sheet */
  #scaleOf(sheet) {
    return this.#fixedPxPerMm ?? fitScale(sheet, this.#space, globalThis.devicePixelRatio);
  }

  #refit() {
    const space = availableSpace(this);
    const changed = space.widthPx !== this.#space.widthPx || space.heightPx !== this.#space.heightPx;
    this.#space = space;
    if (changed && this.#front.sheet) this.#redraw();
  }
}

/** @param {Signal} signal */
function durationOf(signal) {
  return signal.nSamples / signal.samplingRateHz;
}

customElements.define("ecg-viewer", EcgViewer);
