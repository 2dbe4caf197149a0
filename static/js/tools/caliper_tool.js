// Calipers at work on one sheet: pointer and keys change the state, view and panel show it.

import { letGo } from "../dom.js";
import * as calipers from "./calipers.js";
import { CaliperPanel } from "./caliper_panel.js";
import { CaliperView } from "./caliper_view.js";
import { pointerOn } from "./pointer.js";
import { say } from "./readout.js";

export class CaliperTool {
  #state = calipers.idle();
  #ground = null;
  #scale = 1;
  #isOut = false;
  #frame = 0;
  #before = null; // what had the focus when they were taken out

  /**
   * @param {{element: HTMLElement, overlay: SVGSVGElement, layer: SVGGElement, host: HTMLElement, namesMm: () => object[]}} place
   *   `element` is where the pointer works, `host` where the panel goes
   * @param {{words: Function, language: string, onChange: () => void, onAttach: (state: object, ground: object) => void}} world
   */
  constructor({ element, overlay, layer, host, namesMm }, { words, language, onChange, onAttach }) {
    this.words = words;
    this.language = language;
    this.onChange = onChange;
    this.view = new CaliperView(layer, namesMm);
    this.panel = new CaliperPanel(host, {
      words,
      intents: {
        nudge: (leg, deed) =>
          this.#set(this.#orPlaced((state) => calipers.nudge(state, this.#ground, leg, deed))),
        changeCell: (by) =>
          this.#set(this.#orPlaced((state) => calipers.changeCell(state, this.#ground, by))),
        cycles: (by) => this.#set(calipers.countCycles(this.#state, this.#state.cycles + by)),
        attach: () => this.#attach(onAttach),
        leave: () => this.putAway(),
      },
    });
    this.element = element;
    pointerOn(element, overlay, {
      isOn: () => this.#isOut && this.#ground !== null,
      down: (at, reachMm) => this.#set(calipers.down(this.#state, this.#ground, at, reachMm)),
      move: (at) => this.#set(calipers.move(this.#state, this.#ground, at)),
      up: (deed) => this.#set(calipers.up(this.#state, deed)),
    });
  }

  get isOut() {
    return this.#isOut;
  }

  get kind() {
    return this.#state.kind;
  }

  get isMarching() {
    return this.#state.isMarching;
  }

  /** The stretch between the legs, or null: other tools may begin with it. */
  get stretch() {
    if (!this.#isOut || !calipers.isPlaced(this.#state)) return null;
    const [from, to] = this.#state.legs.map(({ seconds }) => seconds).sort((one, other) => one - other);
    return { lead: calipers.measurement(this.#state, this.#ground, 1).lead, fromS: from, toS: to };
  }

  /** Lie on another sheet: what was measured stays only where the sheet is the same. */
  show(ground, scale) {
    const isSame = this.#ground !== null && this.#ground.isLaidOutLike(ground) && this.#holdsFor(ground);
    this.#ground = ground;
    this.#scale = scale;
    if (!isSame) this.#state = { ...calipers.idle(this.#state.kind), isMarching: this.#state.isMarching };
    this.#present();
  }

  /** Through another filter an interval is the same, a voltage is not. */
  #holdsFor({ signal }) {
    return signal === this.#ground.signal || this.#state.kind === calipers.Kind.INTERVAL;
  }

  /** Take out the calipers of `kind`; those that are out of that kind are put away. */
  toggle(kind) {
    if (this.#isOut && this.#state.kind === kind && !this.#state.isMarching) return this.putAway();
    this.#state = { ...calipers.idle(kind) };
    return this.#takeOut();
  }

  /** Repeat the interval over the row, or stop doing so. */
  toggleMarch() {
    if (this.#isOut && this.#state.isMarching) {
      this.#state = calipers.march(this.#state, false);
      return this.#present();
    }
    if (this.#state.kind !== calipers.Kind.INTERVAL) this.#state = calipers.idle();
    this.#state = calipers.march(this.#state, true);
    return this.#takeOut();
  }

  putAway() {
    this.#isOut = false;
    this.#state = calipers.idle(this.#state.kind);
    this.element.classList.remove("is-measuring");
    this.#present();
    letGo(this.panel.host, this.#before);
  }

  #takeOut() {
    if (!this.#isOut) this.#before = document.activeElement;
    this.#isOut = true;
    this.element.classList.add("is-measuring");
    this.#present();
    this.panel.legs[0].focus({ preventScroll: true });
  }

  /** Keep what is measured with the finding; a measurement of nothing is refused, and said. */
  #attach(onAttach) {
    if (calipers.isNothing(this.#state, this.#ground))
      this.panel.say(this.words(`caliper-nothing-${this.#state.kind}`));
    else onAttach(this.#state, this.#ground);
  }

  /** By key the calipers first come down somewhere: on the last row, where the rhythm is. */
  #orPlaced(change) {
    if (calipers.isPlaced(this.#state)) return change(this.#state);
    const cell = this.#ground.sheet.cells.findLast((one) => this.#ground.isRecorded(one));
    return cell ? calipers.place(this.#state, this.#ground, cell) : this.#state;
  }

  #set(state) {
    if (state === this.#state) return;
    this.#state = state;
    if (state.hand === null) return this.#present(); // at rest: the next key may want what was measured
    // Pointers report more often than a screen shows.
    this.#frame ||= requestAnimationFrame(() => this.#present());
  }

  #present() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.onChange();
    if (!this.#ground) return;
    const isPlaced = this.#isOut && calipers.isPlaced(this.#state);
    const said = isPlaced
      ? say(this.#state, this.#ground, this.words, this.language)
      : this.words(`caliper-hint-${this.#state.kind}`);
    this.view.draw(this.#isOut ? this.#state : calipers.idle(), this.#ground, this.#scale, said);
    if (!this.#isOut) return this.panel.hide();
    this.panel.show({
      said,
      state: this.#state,
      range: this.#ground.sheet.window,
      isWhole: isPlaced && this.#state.hand === null,
      places: isPlaced
        ? this.#state.legs.map(({ seconds }) =>
            this.words("caliper-place", { lead: this.#state.cell.name, seconds: seconds.toFixed(3), said }),
          )
        : [],
    });
  }
}
