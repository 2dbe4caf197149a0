// Creates and connects all tools of the sheet. tools.js loads this module on demand.

import { closestTo, find } from "../dom.js";
import { GUTTER_MM } from "../ecg/layout.js";
import { cellAt, fitOverlay } from "../ecg/overlay.js";
import { LEADS } from "../ecg/signal.js";
import { svg } from "../svg.js";
import { CaliperTool } from "./calipers/caliper_tool.js";
import { Kind, measurement } from "./calipers/calipers.js";
import { Localizer } from "./evidence/localizer.js";
import { Marks } from "./evidence/marks.js";
import { placeIn } from "./pointer.js";
import { SheetCoordinates } from "./sheet_coordinates.js";
import { LeadOverlay } from "./views/lead_overlay.js";
import { LeadZoom } from "./views/lead_zoom.js";
import { Magnifier } from "./views/magnifier.js";
import { showMedian } from "./views/median_view.js";
import { ViewFilters } from "./views/view_filters.js";

/** @import { Finding } from "../desk/types.js" */
/** @import { Point, SheetView } from "../ecg/types.js" */
/** @import { EcgViewer } from "../ecg/viewer.js" */
/** @import { Words } from "../texts.js" */
/** @import { Toolbar } from "./toolbar.js" */
/** @import { LeadName, PlacedCalipers } from "./types.js" */

/**
 * @typedef {object} ToolDeps
 * @property {Words} words
 * @property {() => number | null} tracing position of the displayed tracing; null while the previous exam is
 *   displayed
 * @property {(code: string) => string} nameOf returns the name of a class
 */

/** If the key of the lens is held longer than this, releasing it turns the lens off. */
const HOLD_MS = 400;

/** Minimum touch target around a lead name. */
const TARGET_PX = 24;

export class Toolbox {
  /** @type {SheetView | null} */
  #view = null;

  /** @type {LeadName[] | null} */
  #names = null;

  /** Above the paper but below the signal, so that marks never dim a wave. */
  #underlay = svg("svg", { class: "underlay", preserveAspectRatio: "none", "aria-hidden": "true" });

  /**
   * The time span of the calipers when the reader started to mark an area.
   *
   * @type {CaliperTool["stretch"]}
   */
  #span = null;

  /**
   * @param {HTMLElement} desk
   * @param {EcgViewer} viewer
   * @param {Toolbar} bar
   * @param {ToolDeps} deps
   */
  constructor(desk, viewer, bar, { words, tracing, nameOf }) {
    const part = (/** @type {string} */ name) => find(desk, `[data-part=${name}]`);
    const menu = (/** @type {string} */ name) => find(desk, `[data-part=${name}]`, HTMLSelectElement);
    const onChange = () => this.#updateButtons();
    this.desk = desk;
    this.viewer = viewer;
    this.bar = bar;
    this.words = words;
    this.tracing = tracing;
    find(viewer, ".paper").after(this.#underlay);
    this.marks = new Marks(this.#underlay, { tracing, nameOf });
    this.calipers = new CaliperTool(
      {
        element: viewer,
        overlay: viewer.overlay,
        layer: find(viewer.overlay, "[data-layer=calipers]"),
        host: part("caliper-panel"),
        namesMm: () => this.#namesMm(),
      },
      {
        words,
        language: document.documentElement.lang,
        onChange,
        onAttach: (state, coordinates) => this.#attach(state, coordinates),
      },
    );
    this.magnifier = new Magnifier(viewer, { words, onChange });
    this.localizer = new Localizer(viewer, part("localize-panel"), {
      desk,
      layer: this.#underlay,
      words,
      tracing,
      onChange,
      stretch: () => this.#span,
      onArea: (area) => this.#dispatch("localization", area),
    });
    this.viewFilters = new ViewFilters(
      viewer,
      { filter: menu("filter"), swap: menu("swap") },
      { words, onUse: used },
    );
    document.addEventListener("keydown", (event) => this.#handleEscape(event));
    viewer.addEventListener("click", (event) => this.#clickName(event));
    viewer.addEventListener("pointermove", (event) => this.#hoverName(event));
  }

  /**
   * Run the action of the toolbar control `name`.
   *
   * @param {string} name
   * @param {Event} event
   */
  use(name, event) {
    this.#actions[name]?.(event);
  }

  /**
   * Draw the reader's evidence on the sheet.
   *
   * @param {readonly Finding[]} findings
   */
  mark(findings) {
    this.marks.mark(findings);
  }

  /** @returns {Record<string, ((event: Event) => void) | undefined>} by the name of the control */
  get #actions() {
    return {
      interval: () => this.#measure("calipers", () => this.calipers.toggle(Kind.INTERVAL)),
      amplitude: () => this.#measure("calipers", () => this.calipers.toggle(Kind.AMPLITUDE)),
      march: () => this.#measure("march", () => this.calipers.toggleMarch()),
      localise: () => this.#localize(),
      // A click by keyboard has a detail (click count) of 0.
      magnifier: (event) => this.#magnify({ isByKey: /** @type {MouseEvent} */ (event).detail === 0 }),
      zoom: () => this.#zoom({ lead: LEADS.indexOf("II") }),
      overlay: () => this.#open("overlay", (view) => new LeadOverlay(this.desk, view, { words: this.words })),
      median: () => this.#open("median_beat", (view) => showMedian(this.desk, view, this.words)),
      filter: () => this.viewFilters.setFilter(),
      swap: () => this.viewFilters.setSwap(),
    };
  }

  /**
   * Update all tools when the viewer shows another sheet.
   *
   * @param {SheetView} view
   */
  show(view) {
    if (this.#view?.raw !== view.raw) this.#leaveAll();
    this.#view = view;
    this.#names = null;
    fitOverlay(this.#underlay, view.sheet);
    const coordinates = new SheetCoordinates(view.sheet, view.signal, view.raw);
    this.calipers.show(coordinates, view.scale);
    this.localizer.show(coordinates);
    this.magnifier.show(view, coordinates);
    this.marks.show(coordinates);
    this.viewFilters.show(coordinates, view.scale, () => this.#namesMm());
  }

  /**
   * @param {string} name
   * @param {() => void} action
   */
  #measure(name, action) {
    if (!this.#view) return;
    this.localizer.turn(false);
    action();
    if (this.calipers.isOut) used(name);
  }

  #localize() {
    if (!this.#view) return;
    if (this.localizer.isOn) {
      this.localizer.turn(false);
      return;
    }
    this.#span = this.calipers.stretch;
    this.calipers.putAway();
    this.localizer.turn(true);
    used("localise");
  }

  /**
   * Toggle the lens. After a long key press, it disappears when the key is released.
   *
   * @param {{isByKey: boolean}} press
   */
  #magnify({ isByKey }) {
    this.magnifier.turn(!this.magnifier.isOn);
    if (!this.magnifier.isOn) return;
    used("magnifier");
    if (!isByKey) return;
    const since = performance.now();
    document.addEventListener(
      "keyup",
      () => {
        if (performance.now() - since > HOLD_MS) this.magnifier.turn(false);
      },
      { once: true },
    );
  }

  /** @param {{lead: number, seconds?: number}} target */
  #zoom(target) {
    this.#open("lead_zoom", (view) => {
      new LeadZoom(this.desk, view, target, {
        words: this.words,
        language: document.documentElement.lang,
        onAttach: (state, coordinates) => this.#attach(state, coordinates),
      });
    });
  }

  /**
   * Open a tool's dialog.
   *
   * @param {string} name
   * @param {(view: SheetView) => void} open
   */
  #open(name, open) {
    if (!this.#view) return;
    open(this.#view);
    // The dialog shows the same signal as the sheet, filtered or not, so it has the same badges.
    find(this.desk, ".tool-dialog[open] h2").after(this.viewFilters.copy());
    used(name);
  }

  /**
   * @param {PlacedCalipers} state
   * @param {SheetCoordinates} coordinates
   */
  #attach(state, coordinates) {
    this.#dispatch("measurement", measurement(state, coordinates, this.tracing()));
  }

  /**
   * @param {string} name
   * @param {object} detail
   */
  #dispatch(name, detail) {
    this.viewer.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /**
   * Close the active tool on Escape.
   *
   * @param {KeyboardEvent} event
   */
  #handleEscape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (closestTo(event, "input, textarea")) return;
    if (this.calipers.isOut) this.calipers.putAway();
    else if (this.localizer.isOn) this.localizer.turn(false);
    else if (this.magnifier.isOn) this.magnifier.turn(false);
    else return;
    event.preventDefault();
  }

  /** Close calipers and area marking when another recording is displayed. */
  #leaveAll() {
    this.calipers.putAway();
    this.localizer.turn(false);
  }

  #updateButtons() {
    const { calipers, localizer, magnifier } = this;
    const pressed = {
      interval: calipers.isOut && calipers.kind === Kind.INTERVAL && !calipers.isMarching,
      amplitude: calipers.isOut && calipers.kind === Kind.AMPLITUDE,
      march: calipers.isOut && calipers.isMarching,
      localise: localizer.isOn,
      magnifier: magnifier.isOn,
    };
    for (const [name, isOn] of Object.entries(pressed)) {
      this.bar.button(name).setAttribute("aria-pressed", String(isOn));
    }
  }

  /** @param {MouseEvent} event */
  #clickName(event) {
    const name = this.#nameAt(placeIn(this.viewer.overlay, event));
    if (name) this.#zoom(name);
  }

  /** @param {PointerEvent} event */
  #hoverName(event) {
    if (event.pointerType !== "mouse") return;
    const isOver = event.buttons === 0 && this.#nameAt(placeIn(this.viewer.overlay, event)) !== undefined;
    this.viewer.classList.toggle("is-over-name", isOver);
  }

  /**
   * Return the lead name whose touch target contains the point.
   *
   * @param {Point} at
   */
  #nameAt({ x, y }) {
    if (!this.#view || this.calipers.isOut || this.localizer.isOn) return undefined;
    const targetMm = TARGET_PX / this.#view.scale;
    return this.#namesMm().find(({ left, right, top, bottom }) => {
      const marginX = Math.max(0, targetMm - (right - left)) / 2;
      const marginY = Math.max(0, targetMm - (bottom - top)) / 2;
      return x >= left - marginX && x <= right + marginX && y >= top - marginY && y <= bottom + marginY;
    });
  }

  /** Positions of the lead names on the sheet, in mm. Measured in the DOM once per sheet. */
  #namesMm() {
    if (!this.#view) return [];
    this.#names ??= namesOn(this.viewer, this.#view);
    return this.#names;
  }
}

/**
 * @param {EcgViewer} viewer
 * @param {SheetView} view
 * @returns {LeadName[]}
 */
function namesOn(viewer, { sheet }) {
  return [...viewer.querySelectorAll(".plot.is-front .textpoint text")].flatMap((text) => {
    const name = text.textContent.split(" ")[0].replace("−", "");
    if (!LEADS.includes(name)) return [];
    const { left, top, right, bottom } = text.getBoundingClientRect();
    const from = placeIn(viewer.overlay, { clientX: left, clientY: top });
    const to = placeIn(viewer.overlay, { clientX: right, clientY: bottom });
    const cell = cellAt(sheet, { x: Math.max(from.x, GUTTER_MM + 0.01), y: (from.y + to.y) / 2 });
    const box = { left: from.x, right: to.x, top: from.y, bottom: to.y };
    return [{ ...box, lead: LEADS.indexOf(name), seconds: cell?.cell.startS ?? 0 }];
  });
}

/**
 * Record that the reader used a tool, so that the desk can store it with the exam.
 *
 * @param {string} name
 */
function used(name) {
  document.dispatchEvent(new CustomEvent("tool", { detail: { name } }));
}
