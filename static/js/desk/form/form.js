// The form next to the sheet. It shows the content of a reading and reports the reader's actions. It does not
// keep the reading itself.

import { closestTo, findAll, make, partsOf, releaseFocus } from "../../dom.js";
import { CERTAINTIES, blank, blockedBy, holds, isNotAssessable, mentioned } from "../state/labels.js";
import { objections } from "../state/objections.js";
import { ClassTree } from "./class_tree.js";
import { ClassFinder } from "./class_finder.js";
import { FindingList } from "./findings.js";
import { QualityPanel } from "./quality.js";

/** @import { Words } from "../../texts.js" */
/** @import { Catalog } from "../state/catalog.js" */
/** @import { Certainty, Content, EvidenceKind, Quality } from "../types.js" */

/**
 * Handlers for the form's controls.
 *
 * @typedef {object} Intents
 * @property {(code: string) => void} toggle
 * @property {(code: string) => void} notAssessable
 * @property {(code: string) => void} remove
 * @property {(code: string, certainty: Certainty) => void} certainty
 * @property {(code: string, kind: EvidenceKind, index: number) => void} drop
 * @property {(quality: Quality) => void} quality
 * @property {(kind: string) => void} problem
 * @property {(kind: string, lead: string) => void} problemLead
 * @property {(text: string) => void} comment
 * @property {() => void} undo
 * @property {() => void} submit
 * @property {() => void} abstain
 * @property {() => void} defer
 * @property {() => void} cancel
 * @property {() => void} discardCorrection
 */

/**
 * The handlers that a button can name in data-act.
 *
 * @typedef {"undo" | "abstain" | "defer" | "cancel" | "discardCorrection"} Act
 */

/**
 * Values of data-part for controls that stay enabled while the form is locked.
 *
 * @type {Set<string | undefined>}
 */
const ALWAYS = new Set(["help", "retract"]);

export class ReadingForm {
  #content = blank();
  #isDisabled = false;
  #canUndo = false;

  /**
   * @param {HTMLFormElement} root
   * @param {{catalog: Catalog, words: Words, intents: Intents}} deps
   */
  constructor(root, deps) {
    this.root = root;
    this.deps = deps;
    this.part = partsOf(root);
    const { catalog, words, intents } = deps;
    this.finder = new ClassFinder(this.part("finder", HTMLInputElement), this.part("options"), {
      catalog,
      words,
      isFound: (code) => holds(this.#content, code),
      blocker: (code) => blockedBy(this.#content, code, catalog),
      onChoose: (code, options) => this.#choose(code, options),
      onRemoveLast: () => this.#removeLast(),
    });
    this.tree = new ClassTree(this.part("tree-panel"), {
      catalog,
      words,
      opener: this.part("tree-open"),
      stateOf: (code) => this.#stateOf(code),
      onChoose: (code, options) => this.#choose(code, options),
    });
    this.findings = new FindingList(this.part("findings"), { catalog, words, none: this.part("nothing") });
    this.quality = new QualityPanel(root, { words, intents, say: (sentence) => this.say(sentence) });
    this.#listen();
  }

  /** The class whose row is selected, or null. */
  get selected() {
    return this.findings.selected;
  }

  /**
   * Offer up to nine of these classes on the number keys, and Normal on N.
   *
   * @param {string[]} codes
   */
  offer(codes) {
    const { catalog } = this.deps;
    const offered = codes.filter((code) => catalog.has(code) && !catalog.isExclusive(code)).slice(0, 9);
    this.finder.prefer(offered);
    const buttons = offered.map((code, i) => this.#classButton(code, String(i + 1)));
    this.part("frequent").replaceChildren(...buttons);
    const normal = catalog.exclusive;
    this.part("normal").replaceChildren(
      ...(normal ? [this.#classButton(normal.code, "n", "normal-button")] : []),
    );
  }

  /**
   * Show `content`. `canUndo` enables the Undo button.
   *
   * @param {Content} content
   * @param {{canUndo: boolean}} options
   */
  show(content, { canUndo }) {
    this.#content = content;
    this.#showClasses();
    // Do this before updating the list, which may move focus to this text.
    this.part("nothing").hidden = mentioned(content).length > 0;
    this.findings.show(content);
    this.quality.show(content);
    this.tree.show();
    const comment = this.part("comment", HTMLTextAreaElement);
    if (comment.value !== content.comment) comment.value = content.comment;
    this.#canUndo = canUndo;
    this.#showObjections();
    this.disable(this.#isDisabled); // rows were rebuilt and are enabled
  }

  /** Clear everything that belongs to the exam shown so far. */
  reset() {
    this.#content = blank();
    this.findings.reset();
    this.quality.reset();
    this.finder.clear();
    this.tree.close();
    this.say("");
  }

  /**
   * Lock or unlock the form. It is locked while an exam is loading, and when the exam is submitted or its
   * batch is closed.
   *
   * @param {boolean} isDisabled
   */
  disable(isDisabled) {
    this.#isDisabled = isDisabled;
    for (const control of /** @type {Iterable<HTMLButtonElement>} */ (this.root.elements)) {
      if (!ALWAYS.has(control.dataset.part) && !control.closest("[data-part=suggestions]"))
        control.disabled = isDisabled;
    }
    this.part("undo", HTMLButtonElement).disabled = isDisabled || !this.#canUndo;
    if (document.activeElement?.matches(":disabled")) releaseFocus(this.root);
  }

  /**
   * Show one sentence at the foot of the form, optionally followed by `link`. Screen readers announce it.
   *
   * @param {string} sentence
   * @param {{isAsking?: boolean, link?: HTMLElement | null}} [options]
   */
  say(sentence, { isAsking = false, link = null } = {}) {
    const notice = this.part("notice");
    notice.replaceChildren(sentence, ...(link ? [" ", link] : []));
    notice.hidden = sentence === "";
    this.root.classList.toggle("is-asking", isAsking);
  }

  #listen() {
    const { intents } = this.deps;
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      intents.submit();
    });
    this.root.addEventListener("click", (event) => this.#click(closestTo(event, "button")));
    const comment = this.part("comment", HTMLTextAreaElement);
    comment.addEventListener("input", () => intents.comment(comment.value));
    this.part("tree-open").addEventListener("click", () => this.#toggleTree());
  }

  /** @param {HTMLElement | null} button */
  #click(button) {
    if (!button) return;
    const { toggle, remove, certainty, select, notAssessable, drop, act } = button.dataset;
    const { intents } = this.deps;
    if (toggle) this.#choose(toggle);
    else if (select) this.findings.select(select);
    else if (notAssessable) this.#choose(notAssessable, { notAssessable: true });
    else if (remove) intents.remove(remove);
    else if (certainty) this.#changeCertainty(certainty, Number(button.dataset.by));
    else if (drop)
      intents.drop(button.dataset.of ?? "", /** @type {EvidenceKind} */ (drop), Number(button.dataset.index));
    else if (act) intents[/** @type {Act} */ (act)]();
  }

  #toggleTree() {
    if (this.tree.isOpen) this.tree.close();
    else this.tree.open(this.selected);
  }

  /**
   * Add or remove a class, or mark it as not assessable. If that is not possible, explain why.
   *
   * @param {string} code
   * @param {{notAssessable?: boolean}} [options]
   */
  #choose(code, { notAssessable = false } = {}) {
    const { catalog, intents, words } = this.deps;
    const blocker = blockedBy(this.#content, code, catalog);
    const isAdding = !notAssessable || isNotAssessable(this.#content, code);
    if (blocker && isAdding)
      this.say(words("blocked", { name: catalog.name(code), other: catalog.name(blocker) }));
    else if (notAssessable && catalog.isExclusive(code))
      this.say(words("normal-is-read", { name: catalog.name(code) }));
    else if (notAssessable) intents.notAssessable(code);
    else intents.toggle(code);
  }

  /**
   * @param {string} code
   * @returns {import("./class_tree.js").ClassState}
   */
  #stateOf(code) {
    if (holds(this.#content, code)) return "found";
    if (isNotAssessable(this.#content, code)) return "not-assessable";
    return blockedBy(this.#content, code, this.deps.catalog) ? "blocked" : "";
  }

  #removeLast() {
    const last = mentioned(this.#content).at(-1);
    if (last) this.deps.intents.remove(last);
  }

  /**
   * @param {string} code
   * @param {number} by
   */
  #changeCertainty(code, by) {
    this.findings.selected = code;
    const finding = this.#content.findings.find((one) => one.class === code);
    const certainty = finding && CERTAINTIES[CERTAINTIES.indexOf(finding.certainty) + by];
    if (certainty) this.deps.intents.certainty(code, certainty);
  }

  /**
   * @param {string} code
   * @param {string} key
   * @param {string} [className]
   */
  #classButton(code, key, className = "") {
    const { catalog } = this.deps;
    const { abbreviation } = catalog.get(code);
    const isNormal = catalog.isExclusive(code);
    return make(
      "button",
      {
        type: "button",
        class: `class-button ${className}`,
        "data-toggle": code,
        "aria-pressed": "false",
        "aria-keyshortcuts": key,
        title: catalog.name(code),
        "data-key-label": catalog.name(code),
      },
      make("kbd", {}, key.toUpperCase()),
      make("span", {}, isNormal ? this.deps.words("normal") : abbreviation),
    );
  }

  #showClasses() {
    for (const button of findAll(this.root, "[data-toggle]")) {
      const state = this.#stateOf(button.dataset.toggle ?? "");
      button.setAttribute("aria-pressed", String(state === "found"));
      button.classList.toggle("is-blocked", state === "blocked");
      button.classList.toggle("is-not-assessable", state === "not-assessable");
    }
  }

  #showObjections() {
    const { catalog, words } = this.deps;
    const spoken = objections(this.#content, catalog).filter(({ kind }) => kind !== "nothing-chosen");
    /** @param {import("../state/objections.js").Objection} objection */
    const sentence = ({ kind, codes }) => {
      const [one, other] = codes.map((code) => catalog.name(code));
      return make("p", { class: `objection is-${kind}` }, words(kind, { one, other }));
    };
    this.part("objections").replaceChildren(...spoken.map(sentence));
  }
}
