// A dialog that shows one lead at two to four times its size, on paper enlarged by the same factor.

import { make } from "../../dom.js";
import { paperLacking } from "../../ecg/sheet.js";
import { LEADS } from "../../ecg/signal.js";
import { svg } from "../../svg.js";
import { CaliperTool } from "../calipers/caliper_tool.js";
import { Kind } from "../calipers/calipers.js";
import { openDialog, toggle } from "../dialog.js";
import { SheetCoordinates } from "../sheet_coordinates.js";
import { row, strip } from "./strip.js";

/** @import { SheetView } from "../../ecg/types.js" */
/** @import { Words } from "../../texts.js" */
/** @import { CaliperDeps } from "../calipers/caliper_tool.js" */
/** @import { ZoomTarget } from "../types.js" */

const FACTORS = [2, 3, 4];
let lastFactor = 2;

export class LeadZoom {
  /**
   * The calipers of the displayed lead.
   *
   * @type {CaliperTool | null}
   */
  #calipers = null;

  /**
   * @param {HTMLElement} desk
   * @param {SheetView} view
   * @param {Partial<ZoomTarget> & {lead: number}} target
   * @param {{words: Words, language: string, onAttach: CaliperDeps["onAttach"]}} deps
   */
  constructor(desk, view, { lead, seconds }, deps) {
    this.desk = desk;
    this.view = view;
    this.deps = deps;
    this.lead = lead;
    this.factor = lastFactor;
    this.scroller = make("div", { class: "strip-scroll", tabindex: "0", role: "group" });
    this.host = make("div", { class: "tool-panel" });
    this.leads = LEADS.map((name, place) =>
      toggle(name, { isOn: false, onClick: () => this.#choose(place) }),
    );
    this.factors = FACTORS.map((factor) =>
      toggle(`${factor}×`, {
        isOn: false,
        key: String(factor),
        label: deps.words("zoom-factor", { factor }),
        onClick: () => this.#enlarge(factor),
      }),
    );
    this.kinds = [this.#kindButton("k", Kind.INTERVAL), this.#kindButton("v", Kind.AMPLITUDE)];
    this.#open();
    this.#draw();
    this.#lookAt(seconds ?? view.sheet.window.startS);
  }

  /**
   * @param {string} key
   * @param {"interval" | "amplitude"} kind
   */
  #kindButton(key, kind) {
    const { words } = this.deps;
    return toggle(words(`caliper-${kind}-short`), {
      isOn: false,
      key,
      label: words(`tool-${kind}`),
      onClick: () => this.#calipers?.toggle(kind),
    });
  }

  /**
   * Create a button that shows another lead.
   *
   * @param {string} sign
   * @param {string} key
   * @param {string} label
   * @param {number} by
   */
  #stepButton(sign, key, label, by) {
    const button = toggle(sign, {
      isOn: false,
      key,
      label,
      name: label,
      onClick: () => this.#choose((this.lead + by) % LEADS.length),
    });
    button.removeAttribute("aria-pressed");
    return button;
  }

  #open() {
    const { words } = this.deps;
    const steps = [
      this.#stepButton("‹", "ArrowUp", words("zoom-before"), LEADS.length - 1),
      this.#stepButton("›", "ArrowDown", words("zoom-after"), 1),
    ];
    openDialog(
      this.desk,
      {
        title: words("tool-zoom"),
        note: words("zoom-note"),
        head: [
          make("div", { class: "tool-row" }, ...this.leads),
          make("div", { class: "tool-row" }, ...this.factors),
          make("div", { class: "tool-row" }, ...steps, ...this.kinds),
        ],
        body: [this.scroller, this.host],
      },
      words,
    );
  }

  /** @param {number} lead */
  #choose(lead) {
    const { scrollLeft } = this.scroller;
    this.lead = lead;
    this.#draw();
    this.scroller.scrollLeft = scrollLeft; // keep the same beat visible
  }

  /** @param {number} factor */
  #enlarge(factor) {
    const middle = (this.scroller.scrollLeft + this.scroller.clientWidth / 2) / this.factor;
    this.factor = lastFactor = factor;
    this.#draw();
    this.scroller.scrollLeft = middle * factor - this.scroller.clientWidth / 2;
  }

  #draw() {
    const {
      view: { sheet, signal, scale },
      deps: { words, language, onAttach },
    } = this;
    const name = LEADS[this.lead];
    const zoomed = row(signal, sheet, [{ lead: this.lead, name }], paperLacking);
    const picture = strip(signal, zoomed, scale * this.factor, words);
    const layer = svg("g");
    picture.append(layer);
    this.scroller.replaceChildren(picture);
    this.scroller.setAttribute("aria-label", words("zoom-label", { lead: name, factor: this.factor }));
    this.host.replaceChildren();
    const calipers = new CaliperTool(
      { element: picture, overlay: picture, layer, host: this.host, namesMm: () => [] },
      {
        words,
        language,
        onAttach,
        onChange: () => this.#mark(),
      },
    );
    calipers.show(new SheetCoordinates(zoomed, signal), scale * this.factor);
    this.#calipers = calipers;
    this.#mark();
  }

  #mark() {
    this.leads.forEach((button, lead) => button.setAttribute("aria-pressed", String(lead === this.lead)));
    this.factors.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(FACTORS[i] === this.factor)),
    );
    const kind = this.#calipers?.isOut ? this.#calipers.kind : null;
    this.kinds.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(kind === [Kind.INTERVAL, Kind.AMPLITUDE][i])),
    );
  }

  /** @param {number} seconds */
  #lookAt(seconds) {
    const { sheet, scale } = this.view;
    const x = (15 + (seconds - sheet.window.startS) * sheet.speedMmPerS) * scale * this.factor;
    this.scroller.scrollLeft = x - this.scroller.clientWidth / 2;
    this.scroller.focus({ preventScroll: true });
  }
}
