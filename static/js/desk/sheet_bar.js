// What stands above and below the sheet: the exam, its tracings and pages, how the sheet is drawn, and how large.

import { partsOf } from "../dom.js";
import { Shelf } from "./storage/reader_store.js";
import { ThisScreen } from "./calibration.js";
import { Printing } from "./printing.js";
import { forViewer, restore, settingsLine, sizeLine } from "./state/sheet_settings.js";
import { TracingTabs } from "./tracing_tabs.js";

const SETTINGS = "sheet";
const MENUS = ["layout", "speedMmPerS", "gainMmPerMv"];

export class SheetBar {
  #isDescribing = false;

  /**
   * @param {HTMLElement} root @param {HTMLElement} viewer an <ecg-viewer>
   * @param {{shelf: object, words: Function, language: string, onTracing: (tracing: {href: string}) => void}} world
   */
  constructor(root, viewer, world) {
    this.root = root;
    this.viewer = viewer;
    this.world = world;
    this.part = partsOf(root);
    this.settings = restore(world.shelf.read(SETTINGS)); // the last ones of this reader on this device
    this.printing = new Printing(root, viewer, world.words);
    this.screen = new ThisScreen(this.part("screen-dialog"), {
      viewer,
      words: world.words,
      shelf: new Shelf(localStorage, "device"),
      onChange: () => this.#resize(),
    });
    this.tabs = new TracingTabs(this.part("tracings"), { ...world, onChoose: world.onTracing });
    viewer.addEventListener("sheet", ({ detail }) => {
      this.tabs.show(detail.key);
      this.shown = detail;
      this.#describe();
    });
    this.part("earlier").addEventListener("click", () => viewer.turn(viewer.page - 1));
    this.part("later").addEventListener("click", () => viewer.turn(viewer.page + 1));
    this.#offerSettings();
  }

  /** Show whose ECG this is, as far as the study lets the reader know. */
  showExam(exam) {
    this.part("code").textContent = exam.code;
    const { words } = this.world;
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
      const menu = this.part(name);
      menu.value = String(this.settings[name]);
      menu.addEventListener("change", () =>
        this.#set({ [name]: name === "layout" ? menu.value : Number(menu.value) }),
      );
    }
    this.part("cabrera").addEventListener("click", () => this.#set({ isCabrera: !this.settings.isCabrera }));
    this.part("life-size").addEventListener("click", () => this.#toggleLifeSize());
    for (const name of ["screen", "size"])
      this.part(name).addEventListener("click", () => this.screen.open());
    this.#set({});
  }

  #set(changes) {
    Object.assign(this.settings, changes);
    this.world.shelf.write(SETTINGS, this.settings);
    this.part("cabrera").setAttribute("aria-pressed", String(this.settings.isCabrera));
    this.viewer.configure(forViewer(this.settings));
    this.#resize();
  }

  /** Life size needs to know the screen: who never measured it is asked to. */
  #toggleLifeSize() {
    this.#set({ isLifeSize: !this.settings.isLifeSize });
    if (this.settings.isLifeSize && this.screen.pxPerMm === null) this.screen.open();
  }

  #resize() {
    const { pxPerMm } = this.screen;
    const { isLifeSize } = this.settings;
    this.part("life-size").setAttribute("aria-pressed", String(isLifeSize && pxPerMm !== null));
    this.viewer.screenPxPerMm = pxPerMm;
    this.viewer.drawAt(isLifeSize ? pxPerMm : null);
    this.#describe();
  }

  /** Say what is on view, once and in the very frame that shows it: asking for sizes earlier would lay the page out twice. */
  #describe() {
    if (this.#isDescribing || !this.shown) return;
    this.#isDescribing = true;
    requestAnimationFrame(() => {
      this.#isDescribing = false;
      this.#tell(this.shown);
    });
  }

  #tell(shown) {
    const { words } = this.world;
    const { sheet, signal } = shown;
    const { timeBefore } = this.tabs;
    const line = [timeBefore && words("exam-before", { time: timeBefore }), settingsLine(shown, words)]
      .filter(Boolean)
      .join(" · ");
    const size = sizeLine(shown, this.screen, words);
    const code = this.part("code").textContent;
    this.part("settings").textContent = line;
    this.part("size").textContent = size.text;
    this.part("size").classList.toggle("is-doubtful", size.isDoubtful);
    this.viewer.label = words("sheet-label", { code, line });
    this.printing.describe(shown, { code, line });
    this.part("prior").hidden = timeBefore === null;
    this.part("prior-time").textContent = timeBefore ?? "";
    this.#showPulse(shown);
    this.#showPages(sheet.window, signal.nSamples / signal.samplingRateHz);
  }

  /** Beside the settings where the sheet does not fit the window: its own pulse may be out of sight. */
  #showPulse({ sheet, scale }) {
    const pulse = this.part("pulse");
    const isWide = sheet.widthMm * scale > this.viewer.parentElement.clientWidth + 1;
    const isTall = this.viewer.getBoundingClientRect().bottom > window.innerHeight;
    pulse.toggleAttribute("hidden", !isWide && !(isTall && sheet.isClose)); // rows apart have a pulse each
    const [{ xMm, yMm }] = sheet.pulses;
    const [left, foot] = [Math.min(...xMm), Math.min(...yMm)];
    const [widthMm, heightMm] = [Math.max(...xMm) - left, sheet.gainMmPerMv + 1];
    pulse.setAttribute("viewBox", `0 0 ${widthMm} ${heightMm}`);
    pulse.setAttribute("width", widthMm * scale);
    pulse.setAttribute("height", heightMm * scale);
    const points = xMm.map((x, i) => `${x - left} ${heightMm - 0.5 - (yMm[i] - foot)}`);
    pulse.querySelector("path").setAttribute("d", `M${points.join("L")}`);
  }

  #showPages({ startS, endS, pages }, totalS) {
    const { words } = this.world;
    this.part("pages").hidden = pages === 1;
    this.part("window").textContent = words("window", {
      start: startS.toFixed(0),
      end: endS.toFixed(0),
      total: totalS.toFixed(0),
    });
    this.part("earlier").disabled = startS === 0;
    this.part("later").disabled = this.viewer.page >= pages - 1;
  }
}
