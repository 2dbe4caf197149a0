// The form beside the sheet: it shows a content and tells what the reader wants. It holds no state of the reading.

import { letGo, make, partsOf } from "../dom.js";
import { CERTAINTIES, blockedBy, cannotAssess, holds, mentioned } from "./state/labels.js";
import { objections } from "./state/objections.js";
import { ClassTree } from "./class_tree.js";
import { ClassFinder } from "./class_finder.js";
import { FindingList } from "./findings.js";
import { QualityPanel } from "./quality.js";

/** These stay usable while nothing can be changed. */
const ALWAYS = new Set(["help", "retract"]);

export class ReadingForm {
  #content = null;
  #isDisabled = false;
  #canUndo = false;

  /**
   * @param {HTMLFormElement} root
   * @param {{catalogue: object, words: Function, intents: object}} world
   *   Intents: toggle(code), remove(code), untold(code), certainty(code, certainty), drop(code, kind, index),
   *   quality(quality), problem(kind), problemLead(kind, lead), comment(text), submit(), undo(), abstain(), defer(), retract().
   */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    this.part = partsOf(root);
    const choosing = {
      ...world,
      isHeld: (code) => holds(this.#content, code),
      blocker: (code) => blockedBy(this.#content, code, world.catalogue),
      stateOf: (code) => this.#stateOf(code),
      onChoose: (code, options) => this.#choose(code, options),
      onRemoveLast: () => this.#removeLast(),
    };
    this.finder = new ClassFinder(this.part("finder"), this.part("options"), choosing);
    this.tree = new ClassTree(this.part("tree-panel"), { ...choosing, opener: this.part("tree-open") });
    this.findings = new FindingList(this.part("findings"), { ...world, none: this.part("nothing") });
    this.quality = new QualityPanel(root, { ...world, say: (sentence) => this.say(sentence) });
    this.#listen();
  }

  /** The class whose row is at hand, or null. */
  get active() {
    return this.findings.active;
  }

  /** Offer these classes on the number keys. */
  offer(codes) {
    const { catalogue } = this.world;
    const known = codes.filter((code) => catalogue.has(code) && !catalogue.isExclusive(code)).slice(0, 9);
    this.finder.prefer(known);
    this.part("frequent").replaceChildren(...known.map((code, i) => this.#classButton(code, String(i + 1))));
    const normal = catalogue.exclusive;
    this.part("normal").replaceChildren(
      ...(normal ? [this.#classButton(normal.code, "n", "normal-button")] : []),
    );
  }

  /** Show `content`; `canUndo` says whether a step can be taken back. */
  show(content, { canUndo }) {
    this.#content = content;
    this.#showClasses();
    this.part("nothing").hidden = mentioned(content).length > 0; // before the list, which may lead the focus there
    this.findings.show(content);
    this.quality.show(content);
    this.tree.show();
    const comment = this.part("comment");
    if (comment.value !== content.comment) comment.value = content.comment;
    this.#canUndo = canUndo;
    this.#showObjections();
    this.disable(this.#isDisabled); // rows are made anew
  }

  /** Forget which row was at hand: another exam is on view. */
  reset() {
    this.#content = null;
    this.findings.reset();
    this.quality.reset();
    this.finder.clear();
    this.tree.close();
    this.say("");
  }

  /** Nothing can be changed: submitted already, or the batch is closed. */
  disable(isDisabled) {
    this.#isDisabled = isDisabled;
    for (const control of this.root.elements) {
      if (!ALWAYS.has(control.dataset.part) && !control.closest("[data-part=suggestions]"))
        control.disabled = isDisabled;
    }
    this.part("undo").disabled = isDisabled || !this.#canUndo;
    if (document.activeElement.disabled) letGo(this.root);
  }

  /** Say one sentence under the form, also to a screen reader; `link` may lead on. */
  say(sentence, { isAsking = false, link = null } = {}) {
    const notice = this.part("notice");
    notice.replaceChildren(sentence, ...(link ? [" ", link] : []));
    notice.hidden = sentence === "";
    this.root.classList.toggle("is-asking", isAsking);
  }

  #listen() {
    const { intents } = this.world;
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      intents.submit();
    });
    this.root.addEventListener("click", (event) => this.#click(event.target.closest("button")));
    this.part("comment").addEventListener("input", (event) => intents.comment(event.target.value));
    this.part("tree-open").addEventListener("click", () => this.#turnTree());
  }

  #click(button) {
    if (!button) return;
    const { toggle, remove, certainty, select, untold, drop, act } = button.dataset;
    const { intents } = this.world;
    if (toggle) this.#choose(toggle);
    else if (select) this.findings.select(select);
    else if (untold) this.#choose(untold, { untold: true });
    else if (remove) intents.remove(remove);
    else if (certainty) this.#changeCertainty(certainty, Number(button.dataset.by));
    else if (drop) intents.drop(button.dataset.of, drop, Number(button.dataset.index));
    else if (act) intents[act]();
  }

  #turnTree() {
    if (this.tree.isOpen) this.tree.close();
    else this.tree.open(this.active);
  }

  /** Add or remove a class, or say which finding stands in its way. */
  #choose(code, { untold = false } = {}) {
    const { catalogue, intents, words } = this.world;
    const blocker = blockedBy(this.#content, code, catalogue);
    const isAdding = !untold || cannotAssess(this.#content, code);
    if (blocker && isAdding)
      this.say(words("blocked", { name: catalogue.name(code), other: catalogue.name(blocker) }));
    else if (untold && catalogue.isExclusive(code))
      this.say(words("normal-is-read", { name: catalogue.name(code) }));
    else if (untold) intents.untold(code);
    else intents.toggle(code);
  }

  #stateOf(code) {
    if (holds(this.#content, code)) return "found";
    if (cannotAssess(this.#content, code)) return "untold";
    return blockedBy(this.#content, code, this.world.catalogue) ? "blocked" : "";
  }

  #removeLast() {
    const last = mentioned(this.#content).at(-1);
    if (last) this.world.intents.remove(last);
  }

  #changeCertainty(code, by) {
    this.findings.active = code;
    const { certainty } = this.#content.findings.find((finding) => finding.class === code);
    const wanted = CERTAINTIES[CERTAINTIES.indexOf(certainty) + by];
    if (wanted) this.world.intents.certainty(code, wanted);
  }

  #classButton(code, key, className = "") {
    const { catalogue } = this.world;
    const { abbreviation } = catalogue.get(code);
    const isNormal = catalogue.isExclusive(code);
    return make(
      "button",
      {
        type: "button",
        class: `class-button ${className}`,
        "data-toggle": code,
        "aria-pressed": "false",
        "aria-keyshortcuts": key,
        title: catalogue.name(code),
        "data-key-label": catalogue.name(code),
      },
      make("kbd", {}, key.toUpperCase()),
      make("span", {}, isNormal ? this.world.words("normal") : abbreviation),
    );
  }

  #showClasses() {
    for (const button of this.root.querySelectorAll("[data-toggle]")) {
      const state = this.#stateOf(button.dataset.toggle);
      button.setAttribute("aria-pressed", String(state === "found"));
      button.classList.toggle("is-blocked", state === "blocked");
      button.classList.toggle("is-untold", state === "untold");
    }
  }

  #showObjections() {
    const { catalogue, words } = this.world;
    const spoken = objections(this.#content, catalogue).filter(({ kind }) => kind !== "nothing-chosen");
    const sentence = ({ kind, codes }) => {
      const [one, other] = codes.map((code) => catalogue.name(code));
      return make("p", { class: `objection is-${kind}` }, words(kind, { one, other }));
    };
    this.part("objections").replaceChildren(...spoken.map(sentence));
  }
}
