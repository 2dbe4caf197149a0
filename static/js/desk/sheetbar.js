// What stands above and below the sheet: the exam, its tracings and pages, and how the sheet is drawn.

import { GAINS_MM_PER_MV, SPEEDS_MM_PER_S, ARRANGEMENTS } from "../ecg/layout.js";
import { make } from "../dom.js";

const SETTINGS = "sheet";

export class SheetBar {
  /**
   * @param {HTMLElement} root @param {HTMLElement} viewer an <ecg-viewer>
   * @param {{shelf: object, words: Function, onTracing: (tracing: object) => void}} world
   */
  constructor(root, viewer, world) {
    this.root = root;
    this.viewer = viewer;
    this.world = world;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    viewer.addEventListener("sheet", (event) => this.#describe((this.shown = event.detail)));
    this.part("earlier").addEventListener("click", () => viewer.turn(viewer.page - 1));
    this.part("later").addEventListener("click", () => viewer.turn(viewer.page + 1));
    this.part("tracings").addEventListener("click", (event) => this.#choose(event.target.closest("[data-position]")));
    this.#offerSettings();
  }

  /** Show whose ECG this is, as far as the study lets the reader know. */
  showExam(exam) {
    this.exam = exam;
    this.part("code").textContent = exam.code;
    const { words } = this.world;
    const context = [
      exam.sex && words(`sex-${exam.sex}`),
      exam.age_years !== null && words("age", { years: Math.floor(exam.age_years) }),
    ];
    this.part("context").textContent = context.filter(Boolean).join(", ");
    this.#showTracings(exam.tracings[0]);
    if (this.shown) this.#describe(this.shown);
  }

  #showTracings(shown) {
    const { tracings } = this.exam;
    const tabs = tracings.map((tracing) => make("button", {
      type: "button", class: "tab", "data-position": tracing.position, "aria-pressed": String(tracing === shown),
      "aria-keyshortcuts": isAfter(tracings, shown, tracing) ? "t" : null,
      "data-key-label": this.world.words("next-tracing"),
    }, this.world.words("tracing", { position: tracing.position })));
    this.part("tracings").replaceChildren(...(tracings.length > 1 ? tabs : []));
  }

  #choose(tab) {
    if (!tab) return;
    const tracing = this.exam.tracings.find(({ position }) => String(position) === tab.dataset.position);
    this.#showTracings(tracing);
    this.world.onTracing(tracing);
  }

  /** The last settings of this reader on this device come back. */
  #offerSettings() {
    const known = this.world.shelf.read(SETTINGS) ?? {};
    const select = (name, values, convert) => {
      const element = this.part(name);
      const isKnown = values.includes(known[name]);
      element.value = String(isKnown ? known[name] : convert(element.value));
      element.addEventListener("change", () => this.#configure());
    };
    select("arrangement", Object.keys(ARRANGEMENTS), String);
    select("speedMmPerS", SPEEDS_MM_PER_S, Number);
    select("gainMmPerMv", GAINS_MM_PER_MV, Number);
    this.#configure();
  }

  #configure() {
    const settings = {
      arrangement: this.part("arrangement").value,
      speedMmPerS: Number(this.part("speedMmPerS").value),
      gainMmPerMv: Number(this.part("gainMmPerMv").value),
    };
    this.world.shelf.write(SETTINGS, settings);
    this.viewer.configure(settings);
  }

  /** The line every printed ECG carries: speed, gain, filter, sampling. */
  #describe({ sheet, scale, signal }) {
    const { words } = this.world;
    const settings = words("settings", {
      speed: sheet.speedMmPerS, gain: sheet.gainMmPerMv, rate: Math.round(signal.samplingRateHz), scale: scale.toFixed(1),
    });
    const line = sheet.isCut ? `${settings} · ${words("sheet-cut")}` : settings;
    this.part("settings").textContent = line;
    this.viewer.label = words("sheet-label", { code: this.part("code").textContent, line });
    const { startS, endS, pages } = sheet.window;
    this.part("pages").hidden = pages === 1;
    this.part("window").textContent = words("window", {
      start: startS.toFixed(0), end: endS.toFixed(0), total: (signal.nSamples / signal.samplingRateHz).toFixed(0),
    });
    this.part("earlier").disabled = startS === 0;
    this.part("later").disabled = this.viewer.page >= pages - 1;
  }
}

function isAfter(tracings, shown, tracing) {
  return tracings.length > 1 && tracings[(tracings.indexOf(shown) + 1) % tracings.length] === tracing;
}
