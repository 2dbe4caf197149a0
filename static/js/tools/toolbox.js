// All tools of the sheet, put together. What each one does stands in its own file; tools.js fetches them.

import { LEADS } from "../ecg/signal.js";
import { cellAt, fitOverlay } from "../ecg/overlay.js";
import { CaliperTool } from "./caliper_tool.js";
import { Kind, measurement } from "./calipers.js";
import { Ground } from "./sheet_coordinates.js";
import { LeadOverlay } from "./lead_overlay.js";
import { LeadZoom } from "./lead_zoom.js";
import { Localiser } from "./localizer.js";
import { Lookings } from "./view_filters.js";
import { Magnifier } from "./magnifier.js";
import { Marks } from "./marks.js";
import { showMedian } from "./median_view.js";
import { placeIn } from "./pointer.js";
import { svg } from "../svg.js";

/** Held down for longer than this, a key works only as long as it is held. */
const HOLD_MS = 400;

/** To be hit by a finger the name of a lead is at least so large. */
const TARGET_PX = 24;

export class Toolbox {
  #seen = null;
  #names = null;
  #underlay = svg("svg", { class: "underlay", preserveAspectRatio: "none", "aria-hidden": "true" });
  #span = null; // what the calipers spanned before an area was to be marked

  /**
   * @param {HTMLElement} desk @param {HTMLElement} viewer an <ecg-viewer>
   * @param {object} bar a Toolbar
   * @param {{words: Function, tracing: () => number, nameOf: (code: string) => string}} world
   */
  constructor(desk, viewer, bar, world) {
    this.desk = desk;
    this.viewer = viewer;
    this.bar = bar;
    this.world = world;
    this.#furnish();
    this.#listen();
  }

  /** Do what the control of the toolbar called `name` is for. */
  use(name, event) {
    this.#deeds[name]?.(event);
  }

  /** Draw what the reader has marked with the findings. */
  mark(findings) {
    this.marks.mark(findings);
  }

  #furnish() {
    const {
      desk,
      viewer,
      world: { words, tracing, nameOf },
    } = this;
    const layer = (name) => viewer.overlay.querySelector(`[data-layer=${name}]`);
    const host = (name) => desk.querySelector(`[data-part=${name}]`);
    const onChange = () => this.#press();
    viewer.querySelector(".paper").after(this.#underlay); // on the paper and under the signal, which nothing may dim
    this.marks = new Marks(this.#underlay, { tracing, nameOf });
    this.calipers = new CaliperTool(
      {
        element: viewer,
        overlay: viewer.overlay,
        layer: layer("calipers"),
        host: host("caliper-panel"),
        namesMm: () => this.#namesMm(),
      },
      {
        words,
        language: document.documentElement.lang,
        onChange,
        onAttach: (state, ground) => this.#attach(state, ground),
      },
    );
    this.magnifier = new Magnifier(viewer, { words, onChange });
    this.localiser = new Localiser(viewer, host("localise-panel"), {
      desk,
      layer: this.#underlay,
      words,
      tracing,
      onChange,
      stretch: () => this.#span,
      onArea: (area) => this.#tell("localisation", area),
    });
    this.lookings = new Lookings(
      viewer,
      { filter: host("filter"), swap: host("swap") },
      { words, onUse: used },
    );
  }

  #listen() {
    document.addEventListener("keydown", (event) => this.#leave(event));
    this.viewer.addEventListener("click", (event) => this.#clickName(event));
    this.viewer.addEventListener("pointermove", (event) => this.#hoverName(event));
  }

  get #deeds() {
    return {
      interval: () => this.#measure("calipers", () => this.calipers.toggle(Kind.INTERVAL)),
      amplitude: () => this.#measure("calipers", () => this.calipers.toggle(Kind.AMPLITUDE)),
      march: () => this.#measure("march", () => this.calipers.toggleMarch()),
      localise: () => this.#localise(),
      magnifier: (event) => this.#magnify({ isByKey: event.detail === 0 }),
      zoom: () => this.#zoom({ lead: LEADS.indexOf("II") }),
      overlay: () => this.#open("overlay", () => new LeadOverlay(this.desk, this.#seen, this.world)),
      median: () => this.#open("median_beat", () => showMedian(this.desk, this.#seen, this.world.words)),
      filter: () => this.lookings.setFilter(),
      swap: () => this.lookings.setSwap(),
    };
  }

  /** Lie on the sheet of `detail`, as the viewer tells it. */
  show(detail) {
    if (this.#seen?.raw !== detail.raw) this.#leaveAll();
    this.#seen = detail;
    this.#names = null;
    fitOverlay(this.#underlay, detail.sheet);
    const ground = new Ground(detail.sheet, detail.signal, detail.raw);
    this.calipers.show(ground, detail.scale);
    this.localiser.show(ground);
    this.magnifier.show(detail, ground);
    this.marks.show(ground);
    this.lookings.show(ground, detail.scale, () => this.#namesMm());
  }

  #measure(name, deed) {
    if (!this.#seen) return;
    this.localiser.turn(false);
    deed();
    if (this.calipers.isOut) used(name);
  }

  #localise() {
    if (!this.#seen) return;
    if (this.localiser.isOn) return this.localiser.turn(false);
    this.#span = this.calipers.stretch;
    this.calipers.putAway();
    this.localiser.turn(true);
    used("localise");
  }

  /** A key that is held shows the lens while it is held; a tap leaves it on. */
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

  #zoom(where) {
    this.#open(
      "lead_zoom",
      () =>
        new LeadZoom(this.desk, this.#seen, where, {
          ...this.world,
          language: document.documentElement.lang,
          onAttach: (state, ground) => this.#attach(state, ground),
        }),
    );
  }

  #open(name, deed) {
    if (!this.#seen) return;
    deed();
    // What is looked at there is what the sheet shows, filter and all: it has to say so too.
    this.desk.querySelector(".tool-dialog[open] h2").after(this.lookings.copy());
    used(name);
  }

  #attach(state, ground) {
    this.#tell("measurement", measurement(state, ground, this.world.tracing()));
  }

  #tell(name, detail) {
    this.viewer.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Escape leaves the tool at hand, before anything else is left. */
  #leave(event) {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea")) return;
    if (this.calipers.isOut) this.calipers.putAway();
    else if (this.localiser.isOn) this.localiser.turn(false);
    else if (this.magnifier.isOn) this.magnifier.turn(false);
    else return;
    event.preventDefault();
  }

  /** Another recording begins without a tool in the hand. */
  #leaveAll() {
    this.calipers.putAway();
    this.localiser.turn(false);
  }

  #press() {
    const pressed = {
      interval: this.calipers?.isOut && this.calipers.kind === Kind.INTERVAL && !this.calipers.isMarching,
      amplitude: this.calipers?.isOut && this.calipers.kind === Kind.AMPLITUDE,
      march: this.calipers?.isOut && this.calipers.isMarching,
      localise: this.localiser?.isOn,
      magnifier: this.magnifier?.isOn,
    };
    for (const [name, isOn] of Object.entries(pressed))
      this.bar.button(name).setAttribute("aria-pressed", String(Boolean(isOn)));
  }

  #clickName(event) {
    const name = this.#nameAt(placeIn(this.viewer.overlay, event));
    if (name) this.#zoom(name);
  }

  #hoverName(event) {
    if (event.pointerType !== "mouse") return;
    const isOver = event.buttons === 0 && this.#nameAt(placeIn(this.viewer.overlay, event)) !== undefined;
    this.viewer.classList.toggle("is-over-name", isOver);
  }

  #nameAt({ x, y }) {
    if (!this.#seen || this.calipers.isOut || this.localiser.isOn) return undefined;
    const grown = (size) => Math.max(0, TARGET_PX / this.#seen.scale - size) / 2;
    return this.#namesMm().find(
      ({ left, right, top, bottom }) =>
        x >= left - grown(right - left) &&
        x <= right + grown(right - left) &&
        y >= top - grown(bottom - top) &&
        y <= bottom + grown(bottom - top),
    );
  }

  /** Where the names of the leads stand on the sheet, in mm; asked of the page once per sheet. */
  #namesMm() {
    if (this.#names) return this.#names;
    const { overlay } = this.viewer;
    this.#names = [...this.viewer.querySelectorAll(".plot.is-front .textpoint text")].flatMap((text) => {
      const name = text.textContent.split(" ")[0].replace("−", "");
      if (!LEADS.includes(name)) return [];
      const { left, top, right, bottom } = text.getBoundingClientRect();
      const [from, to] = [
        placeIn(overlay, { clientX: left, clientY: top }),
        placeIn(overlay, { clientX: right, clientY: bottom }),
      ];
      const cell = cellAt(this.#seen.sheet, { x: Math.max(from.x, 15.01), y: (from.y + to.y) / 2 });
      return [
        {
          left: from.x,
          right: to.x,
          top: from.y,
          bottom: to.y,
          lead: LEADS.indexOf(name),
          seconds: cell?.startS ?? 0,
        },
      ];
    });
    return this.#names;
  }
}

/** The desk counts which tools an exam needed. */
function used(name) {
  document.dispatchEvent(new CustomEvent("tool", { detail: { name } }));
}
