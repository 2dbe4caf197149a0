// Every class by its group, over the form and never over the sheet: an ARIA tree with a roving tabindex.

import { letGo, make } from "../dom.js";
import { classId, groupId, isOpen, plant, press, reveal, stand, toggle } from "./state/tree.js";

export class ClassTree {
  #tree;
  #cameFrom = null;

  /**
   * @param {HTMLElement} panel with the parts "tree" and "tree-close"
   * @param {{opener: HTMLElement, catalogue: object, words: Function, stateOf: (code) => "found"|"untold"|"blocked"|"",
   *   onChoose: (code, options: {untold: boolean}) => void}} world
   */
  constructor(panel, world) {
    this.panel = panel;
    this.world = world;
    const { catalogue } = world;
    this.list = panel.querySelector("[data-part=tree]");
    this.#tree = plant(catalogue.classes, {
      groupName: (code) => catalogue.groupName(code) ?? catalogue.get(code).group,
      className: (code) => catalogue.name(code),
    });
    this.list.addEventListener("click", (event) => this.#click(event));
    this.list.addEventListener("keydown", (event) => this.#press(event));
    panel.querySelector("[data-part=tree-close]").addEventListener("click", () => this.close());
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#escape(event));
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** Open the tree, at the class `code` when one is given, with the focus in it. */
  open(code = null) {
    this.#cameFrom = document.activeElement;
    if (code) this.#tree = reveal(this.#tree, code);
    this.panel.hidden = false;
    this.world.opener.setAttribute("aria-expanded", "true");
    this.show();
    this.#focus();
  }

  close() {
    if (!this.isOpen) return;
    this.panel.hidden = true;
    this.world.opener.setAttribute("aria-expanded", "false");
    letGo(this.panel, this.#cameFrom);
  }

  /** Show what the reading says of the classes now. */
  show() {
    if (!this.isOpen) return;
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(...this.#tree.groups.map((group, i) => this.#group(group, i)));
    if (hadFocus) this.#focus();
  }

  #group(group, i) {
    const isShown = isOpen(this.#tree, group.code);
    const id = groupId(group);
    const n = group.classes.filter(({ code }) => this.world.stateOf(code) === "found").length;
    return make(
      "li",
      {
        role: "treeitem",
        "data-id": id,
        "data-group": group.code,
        "aria-expanded": String(isShown),
        "aria-label": group.name,
        "aria-level": 1,
        "aria-posinset": i + 1,
        "aria-setsize": this.#tree.groups.length,
        tabindex: this.#tabindex(id),
      },
      make(
        "div",
        { class: "tree-row is-group" },
        make("span", { class: "tree-name" }, group.name),
        n > 0 ? make("span", { class: "tree-count" }, String(n)) : null,
      ),
      isShown
        ? make(
            "ul",
            { role: "group" },
            ...group.classes.map((one, j) => this.#class(one, j, group.classes.length)),
          )
        : null,
    );
  }

  #class(one, j, setSize) {
    const { catalogue, stateOf, words } = this.world;
    const state = stateOf(one.code);
    const id = classId(one);
    return make(
      "li",
      {
        role: "treeitem",
        "data-id": id,
        "data-code": one.code,
        "aria-checked": state === "untold" ? "mixed" : String(state === "found"),
        "aria-level": 2,
        "aria-posinset": j + 1,
        "aria-setsize": setSize,
        tabindex: this.#tabindex(id),
        "aria-disabled": state === "blocked" ? "true" : null,
        title: catalogue.definition(one.code),
      },
      make(
        "div",
        { class: `tree-row is-class is-${state || "absent"}` },
        make("b", {}, catalogue.get(one.code).abbreviation),
        make("span", { class: "tree-name" }, one.name),
        state === "untold" ? make("span", { class: "tree-untold" }, words("not-assessable-short")) : null,
      ),
    );
  }

  #tabindex(id) {
    return id === this.#tree.at ? "0" : "-1";
  }

  #focus() {
    const row = this.list.querySelector(`[data-id="${CSS.escape(this.#tree.at)}"]`);
    row?.focus();
    row?.firstElementChild.scrollIntoView({ block: "nearest" });
  }

  #click(event) {
    const row = event.target.closest("[data-id]");
    if (!row) return;
    this.#tree = stand(this.#tree, row.dataset.id);
    this.#act(row, { untold: event.shiftKey });
  }

  /** Enter and Space open a group or choose a class; with Shift the class is not assessable. */
  #act(row, options) {
    const { group, code } = row.dataset;
    if (code) this.world.onChoose(code, options);
    else this.#tree = toggle(this.#tree, group);
    this.show();
    this.#focus();
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      // Held, it would choose and take away by turns.
      if (!event.repeat) this.#act(event.target.closest("[data-id]"), { untold: event.shiftKey });
    } else {
      const tree = press(this.#tree, event.key);
      if (tree === null) return;
      this.#tree = tree;
      this.show();
      this.#focus();
    }
    event.preventDefault();
    event.stopPropagation(); // letters search the tree; they are no commands here
  }

  #escape(event) {
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }
}
