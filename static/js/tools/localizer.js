// Saying where a finding shows: an area dragged over the sheet, or leads and seconds chosen by key.

import { letGo, make } from "../dom.js";
import { LEADS } from "../ecg/signal.js";
import { set, svg } from "../svg.js";
import { areaOf, localisation } from "./area.js";
import { openDialog, toggle } from "./dialog.js";
import { pointerOn } from "./pointer.js";

export class Localiser {
  #isOn = false;
  #ground = null;
  #from = null;
  #area = null;
  #before = null; // what had the focus
  #box = svg("rect", { class: "area-drag", hidden: "" });

  /**
   * @param {HTMLElement} viewer @param {HTMLElement} host where the hint and the way by key go
   * @param {{desk: HTMLElement, layer: SVGElement, words: Function, tracing: () => number, stretch: () => object | null,
   *   onArea: (area: object) => void, onChange: () => void}} world `stretch`: what the calipers span, to begin with
   */
  constructor(viewer, host, world) {
    this.viewer = viewer;
    this.host = host;
    this.world = world;
    const { words } = world;
    world.layer.append(this.#box);
    const byKey = make("button", { type: "button", class: "tool-act" }, words("localise-by-key"));
    const leave = make(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": words("tool-leave"),
        title: `${words("tool-leave")} (Esc)`,
      },
      "×",
    );
    byKey.addEventListener("click", () => this.#ask());
    leave.addEventListener("click", () => this.turn(false));
    this.byKey = byKey;
    host.append(make("span", { class: "tool-reading is-hint" }, words("localise-hint")), byKey, leave);
    host.hidden = true;
    pointerOn(viewer, viewer.overlay, {
      isOn: () => this.#isOn && this.#ground !== null,
      down: (at) => (this.#from = at),
      move: (at) => this.#from && this.#drag(at),
      up: () => this.#finish(),
    });
  }

  get isOn() {
    return this.#isOn;
  }

  show(ground) {
    this.#ground = ground;
    this.#clear();
  }

  turn(isOn) {
    if (isOn === this.#isOn) return;
    if (isOn) this.#before = document.activeElement;
    this.#isOn = isOn;
    this.host.hidden = !isOn;
    this.viewer.classList.toggle("is-measuring", isOn);
    this.#clear();
    if (isOn) this.byKey.focus({ preventScroll: true });
    else letGo(this.host, this.#before);
    this.world.onChange();
  }

  #drag(at) {
    this.#area = areaOf(this.#ground, this.#from, at);
    this.#box.toggleAttribute("hidden", this.#area === null);
    if (!this.#area) return;
    const { cells, fromS, toS } = this.#area;
    const x = this.#ground.placeOf(this.#ground.sheet.cells[0], fromS).x;
    const heights = cells.map((cell) => this.#ground.placeOf(cell, cell.startS).y);
    const reach = Math.min(14, 0.48 * this.#ground.pitchMm);
    set(this.#box, {
      x,
      width: this.#ground.placeOf(this.#ground.sheet.cells[0], toS).x - x,
      y: Math.min(...heights) - reach,
      height: Math.max(...heights) - Math.min(...heights) + 2 * reach,
    });
  }

  #finish() {
    const area = this.#area;
    this.#clear();
    if (area) this.world.onArea(localisation(area, this.world.tracing()));
  }

  #clear() {
    this.#from = null;
    this.#area = null;
    this.#box.setAttribute("hidden", "");
  }

  /** The same by key: twelve leads and two times. */
  #ask() {
    const { desk, words, stretch, tracing, onArea } = this.world;
    const { startS, endS } = this.#ground.sheet.window;
    const begin = stretch();
    const leads = LEADS.map((name) =>
      toggle(name, { isOn: begin?.lead === name, onClick: (event) => flip(event.currentTarget) }),
    );
    const time = (value) =>
      make("input", {
        type: "number",
        min: startS.toFixed(2),
        max: endS.toFixed(2),
        step: "0.02",
        value: value.toFixed(2),
        required: true,
      });
    const [from, to] = [time(begin?.fromS ?? startS), time(begin?.toS ?? endS)];
    const add = make("button", { type: "submit", class: "button" }, words("localise-add"));
    const problem = make("p", { class: "tool-problem", role: "alert" });
    const form = make(
      "form",
      { class: "localise-form", novalidate: true },
      make(
        "fieldset",
        {},
        make("legend", {}, words("localise-leads")),
        make("div", { class: "tool-row" }, ...leads),
      ),
      make("label", {}, words("localise-from"), from),
      make("label", {}, words("localise-to"), to),
      problem,
      add,
    );
    const dialog = openDialog(desk, { title: words("tool-localise"), body: [form], isNarrow: true }, words);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = LEADS.filter((_, i) => leads[i].getAttribute("aria-pressed") === "true");
      const isWhole =
        chosen.length > 0 &&
        from.checkValidity() &&
        to.checkValidity() &&
        Number(to.value) > Number(from.value);
      problem.textContent = isWhole
        ? ""
        : words("localise-problem", { start: startS.toFixed(2), end: endS.toFixed(2) });
      if (!isWhole) return;
      dialog.close();
      onArea(localisation({ leads: chosen, fromS: Number(from.value), toS: Number(to.value) }, tracing()));
    });
    leads[0].focus();
  }
}

function flip(button) {
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
}
