// One lead alone, two to four times as large, on the same paper: its squares grow with it.

import { make } from "../dom.js";
import { paperLacking } from "../ecg/sheet.js";
import { LEADS } from "../ecg/signal.js";
import { svg } from "../svg.js";
import { CaliperTool } from "./caliper_tool.js";
import { Kind } from "./calipers.js";
import { openDialog, toggle } from "./dialog.js";
import { Ground } from "./sheet_coordinates.js";
import { row, strip } from "./strip.js";

const FACTORS = [2, 3, 4];
let lastFactor = 2;

export class LeadZoom {
  /**
   * @param {HTMLElement} desk @param {{sheet: object, signal: object, scale: number}} seen
   * @param {{words: Function, language: string, onAttach: (state: object, ground: object) => void}} world
   */
  constructor(desk, seen, { lead, seconds = null }, world) {
    this.desk = desk;
    this.seen = seen;
    this.world = world;
    this.lead = lead;
    this.factor = lastFactor;
    this.room = make("div", { class: "strip-room", tabindex: "0", role: "group" });
    this.host = make("div", { class: "tool-panel" });
    this.leads = LEADS.map((name, place) =>
      toggle(name, { isOn: false, onClick: () => this.#choose(place) }),
    );
    this.#open();
    this.#draw();
    this.#lookAt(seconds ?? seen.sheet.window.startS);
  }

  #open() {
    const { words } = this.world;
    const key = (text, keys, label, deed) => {
      const button = toggle(text, {
        isOn: false,
        key: keys,
        label: words(label),
        name: words(label),
        onClick: deed,
      });
      button.removeAttribute("aria-pressed");
      return button;
    };
    this.factors = FACTORS.map((factor) =>
      toggle(`${factor}×`, {
        isOn: false,
        key: String(factor),
        label: words("zoom-factor", { factor }),
        onClick: () => this.#enlarge(factor),
      }),
    );
    this.kinds = [
      toggle(words("caliper-interval-short"), {
        isOn: false,
        key: "k",
        label: words("tool-interval"),
        onClick: () => this.calipers.toggle(Kind.INTERVAL),
      }),
      toggle(words("caliper-amplitude-short"), {
        isOn: false,
        key: "v",
        label: words("tool-amplitude"),
        onClick: () => this.calipers.toggle(Kind.AMPLITUDE),
      }),
    ];
    this.dialog = openDialog(
      this.desk,
      {
        title: words("tool-zoom"),
        note: words("zoom-note"),
        head: [
          make("div", { class: "tool-row" }, ...this.leads),
          make("div", { class: "tool-row" }, ...this.factors),
          make(
            "div",
            { class: "tool-row" },
            key("‹", "ArrowUp", "zoom-before", () => this.#choose((this.lead + 11) % 12)),
            key("›", "ArrowDown", "zoom-after", () => this.#choose((this.lead + 1) % 12)),
            ...this.kinds,
          ),
        ],
        body: [this.room, this.host],
      },
      words,
    );
  }

  #choose(lead) {
    const { scrollLeft } = this.room;
    this.lead = lead;
    this.#draw();
    this.room.scrollLeft = scrollLeft; // the same beat in the next lead
  }

  #enlarge(factor) {
    const middle = (this.room.scrollLeft + this.room.clientWidth / 2) / this.factor;
    this.factor = lastFactor = factor;
    this.#draw();
    this.room.scrollLeft = middle * factor - this.room.clientWidth / 2;
  }

  #draw() {
    const {
      seen: { sheet, signal, scale },
      world: { words, language, onAttach },
    } = this;
    const name = LEADS[this.lead];
    const one = row(signal, sheet, [{ lead: this.lead, name }], paperLacking);
    const picture = strip(signal, one, scale * this.factor, words);
    const layer = svg("g");
    picture.append(layer);
    this.room.replaceChildren(picture);
    this.room.setAttribute("aria-label", words("zoom-label", { lead: name, factor: this.factor }));
    this.host.replaceChildren();
    this.calipers = new CaliperTool(
      { element: picture, overlay: picture, layer, host: this.host, namesMm: () => [] },
      {
        words,
        language,
        onAttach,
        onChange: () => this.#mark(),
      },
    );
    this.calipers.show(new Ground(one, signal), scale * this.factor);
    this.#mark();
  }

  #mark() {
    this.leads.forEach((button, lead) => button.setAttribute("aria-pressed", String(lead === this.lead)));
    this.factors.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(FACTORS[i] === this.factor)),
    );
    this.kinds.forEach((button, i) =>
      button.setAttribute(
        "aria-pressed",
        String(Boolean(this.calipers?.isOut) && this.calipers.kind === [Kind.INTERVAL, Kind.AMPLITUDE][i]),
      ),
    );
  }

  #lookAt(seconds) {
    const { sheet, scale } = this.seen;
    const x = (15 + (seconds - sheet.window.startS) * sheet.speedMmPerS) * scale * this.factor;
    this.room.scrollLeft = x - this.room.clientWidth / 2;
    this.room.focus({ preventScroll: true });
  }
}
