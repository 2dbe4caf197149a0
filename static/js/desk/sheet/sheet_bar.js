// The bars above and below the sheet: the exam, its tracings and pages, the sheet settings and the scale.

import { detailOf, find, partsOf } from "../../dom.js";
import { ReaderStore } from "../storage/reader_store.js";
import { ScreenCalibration } from "./calibration.js";
import { Printing } from "./printing.js";
import { forViewer, restore, settingsLine, sizeLine } from "../state/sheet_settings.js";
import { TracingTabs } from "./tracing_tabs.js";

/** @import { SheetView, TimeWindow } from "../../ecg/types.js" */
/** @import { EcgViewer } from "../../ecg/viewer.js" */
/** @import { Words } from "../../texts.js" */
/** @import { Settings } from "../state/sheet_settings.js" */
/** @import { Tracing } from "../state/tracings.js" */
/** @import { Exam } from "../types.js" */

const SETTINGS = "sheet";

/** @type {("layout" | "speedMmPerS" | "gainMmPerMv")[]} */
const MENUS = ["layout", "speedMmPerS", "gainMmPerMv"];

export class SheetBar {
  #isDescribing = false;

  /** @type {SheetView | null} */
  shown = null;

  /**
   * @param {HTMLElement} root
   * @param {EcgViewer} viewer
   * @param {{store: ReaderStore, words: Words, language: string, onTracing: (tracing: Tracing) => void}}
   *   deps
   */
  constructor(root, viewer, deps) {
    this.root = root;
    this.viewer = viewer;
    this.deps = deps;
    this.part = partsOf(root);
    this.settings = restore(deps.store.read(SETTINGS)); // kept per reader and device
    this.printing = new Printing(root, viewer, deps.words);
    this.screen = new ScreenCalibration(this.part("screen-dialog", HTMLDialogElement), {
      viewer,
      words: deps.words,
      store: new ReaderStore(localStorage, "device"),
      onChange: () => this.#resize(),
    });
    const { words, language, onTracing } = deps;
    this.tabs = new TracingTabs(this.part("tracings"), { words, language, onChoose: onTracing });
    viewer.addEventListener("sheet", (event) => this.#show(detailOf(event)));
    this.part("earlier").addEventListener("click", () => viewer.turn(viewer.page - 1));
    this.part("later").addEventListener("click", () => viewer.turn(viewer.page + 1));
    this.#offerSettings();
  }

  /** @param {SheetView} view */
  #show(view) {
    this.tabs.show(view.key);
    this.shown = view;
    this.#describe();
  }

  /**
   * Show the exam's code, and the patient's sex and age if the study reveals them.
   *
   * @param {Exam} exam
   */
  showExam(exam) {
    this.part("code").textContent = exam.code;
    const { words } = this.deps;
    const context = [
      exam.sex && words(`sex-${exam.sex}`),
      exam.age_years !== null && words("age", { years: Math.floor(exam.age_years) }),
    ];
    this.part("context").textContent = context.filter(Boolean).join(", ");
    this.tabs.offer(exam);
    this.#describe();
  }

  #offerSettings() {
    for (const name of MENUS) {
      const menu = this.part(name, HTMLSelectElement);
      menu.value = String(this.settings[name]);
      menu.addEventListener("change", () =>
        this.#set({ [name]: name === "layout" ? menu.value : Number(menu.value) }),
      );
    }
    this.part("cabrera").addEventListener("click", () => this.#set({ isCabrera: !this.settings.isCabrera }));
    this.part("actual-size").addEventListener("click", () => this.#toggleActualSize());
    for (const name of ["screen", "size"])
      this.part(name).addEventListener("click", () => this.screen.open());
    this.#set({});
  }

  /** @param {Partial<Settings>} changes */
  #set(changes) {
    Object.assign(this.settings, changes);
    this.deps.store.write(SETTINGS, this.settings);
    this.part("cabrera").setAttribute("aria-pressed", String(this.settings.isCabrera));
    this.viewer.configure(forViewer(this.settings));
    this.#resize();
  }

  /** Turn actual size on or off. If the screen is not calibrated, open the calibration dialog. */
  #toggleActualSize() {
    this.#set({ isActualSize: !this.settings.isActualSize });
    if (this.settings.isActualSize && this.screen.pxPerMm === null) this.screen.open();
  }

  #resize() {
    const { pxPerMm } = this.screen;
    const { isActualSize } = this.settings;
    this.part("actual-size").setAttribute("aria-pressed", String(isActualSize && pxPerMm !== null));
    this.viewer.screenPxPerMm = pxPerMm;
    this.viewer.drawAt(isActualSize ? pxPerMm : null);
    this.#describe();
  }

  /**
   * Update the descriptions once, in the next frame. Measuring earlier would compute the layout twice.
   */
  #describe() {
    if (this.#isDescribing || !this.shown) return;
    this.#isDescribing = true;
    requestAnimationFrame(() => {
      this.#isDescribing = false;
      if (this.shown) this.#writeDescription(this.shown);
    });
  }

  /** @param {SheetView} shown */
  #writeDescription(shown) {
    const { words } = this.deps;
    const { sheet, signal } = shown;
    const { timeBefore } = this.tabs;
    const line = [timeBefore && words("previous-exam", { time: timeBefore }), settingsLine(shown, words)]
      .filter(Boolean)
      .join(" · ");
    const size = sizeLine(shown, this.screen, words);
    const code = this.part("code").textContent;
    this.part("settings").textContent = line;
    this.part("size").textContent = size.text;
    this.part("size").classList.toggle("is-doubtful", size.isDoubtful);
    this.viewer.label = words("sheet-label", { code, line });
    this.printing.describe(shown, { code, line });
    this.part("previous-exam").hidden = timeBefore === null;
    this.part("previous-exam-time").textContent = timeBefore ?? "";
    this.#showPulse(shown);
    this.#showPages(sheet.window, signal.nSamples / signal.samplingRateHz);
  }

  /**
   * Show the calibration pulse beside the settings if the sheet is larger than the window, because its own
   * pulse may be out of view.
   *
   * @param {SheetView} view
   */
  #showPulse({ sheet, scale }) {
    const pulse = this.part("pulse");
    const isWide = sheet.widthMm * scale > (this.viewer.parentElement?.clientWidth ?? 0) + 1;
    const isTall = this.viewer.getBoundingClientRect().bottom > window.innerHeight;
    // If rows are not close together, each has its own pulse.
    pulse.toggleAttribute("hidden", !isWide && !(isTall && sheet.isClose));
    const [{ xMm, yMm }] = sheet.pulses;
    const [left, foot] = [Math.min(...xMm), Math.min(...yMm)];
    const [widthMm, heightMm] = [Math.max(...xMm) - left, sheet.gainMmPerMv + 1];
    pulse.setAttribute("viewBox", `0 0 ${widthMm} ${heightMm}`);
    pulse.setAttribute("width", String(widthMm * scale));
    pulse.setAttribute("height", String(heightMm * scale));
    const points = xMm.map((x, i) => `${x - left} ${heightMm - 0.5 - (yMm[i] - foot)}`);
    find(pulse, "path").setAttribute("d", `M${points.join("L")}`);
  }

  /**
   * @param {TimeWindow} window
   * @param {number} totalS
   */
  #showPages({ startS, endS, pages }, totalS) {
    const { words } = this.deps;
    this.part("pages").hidden = pages === 1;
    this.part("window").textContent = words("window", {
      start: startS.toFixed(0),
      end: endS.toFixed(0),
      total: totalS.toFixed(0),
    });
    this.part("earlier", HTMLButtonElement).disabled = startS === 0;
    this.part("later", HTMLButtonElement).disabled = this.viewer.page >= pages - 1;
  }
}
