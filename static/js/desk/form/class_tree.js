// All classes by group, as an ARIA tree with a roving tabindex. The panel covers the form, never the sheet.

import { closestTo, find, make, releaseFocus } from "../../dom.js";
import { classId, createTree, groupId, isOpen, moveTo, press, reveal, toggle } from "../state/tree.js";

/** @import { Words } from "../../texts.js" */
/** @import { Catalog } from "../state/catalog.js" */
/** @import { ClassNode, Group, Tree } from "../state/tree.js" */

/** @typedef {"found" | "not-assessable" | "blocked" | ""} ClassState */

/**
 * @typedef {object} ClassTreeDeps
 * @property {HTMLElement} opener
 * @property {Catalog} catalog
 * @property {Words} words
 * @property {(code: string) => ClassState} stateOf
 * @property {(code: string, options: {notAssessable: boolean}) => void} onChoose
 */

export class ClassTree {
  /** @type {Tree} */
  #tree;

  /** @type {Element | null} */
  #cameFrom = null;

  /**
   * @param {HTMLElement} panel with the parts "tree" and "tree-close"
   * @param {ClassTreeDeps} deps
   */
  constructor(panel, deps) {
    this.panel = panel;
    this.deps = deps;
    const { catalog } = deps;
    this.list = find(panel, "[data-part=tree]");
    this.#tree = createTree(catalog.classes, {
      groupName: (code) => catalog.groupName(code) ?? catalog.get(code).group,
      className: (code) => catalog.name(code),
    });
    this.list.addEventListener("click", (event) => this.#click(event));
    this.list.addEventListener("keydown", (event) => this.#press(event));
    find(panel, "[data-part=tree-close]").addEventListener("click", () => this.close());
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#escape(event));
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /**
   * Open the tree and focus it, at the class `code` if given.
   *
   * @param {string | null} [code]
   */
  open(code = null) {
    this.#cameFrom = document.activeElement;
    if (code) this.#tree = reveal(this.#tree, code);
    this.panel.hidden = false;
    this.deps.opener.setAttribute("aria-expanded", "true");
    this.show();
    this.#focus();
  }

  close() {
    if (!this.isOpen) return;
    this.panel.hidden = true;
    this.deps.opener.setAttribute("aria-expanded", "false");
    releaseFocus(this.panel, this.#cameFrom);
  }

  /** Redraw the tree with the current state of the classes. */
  show() {
    if (!this.isOpen) return;
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(...this.#tree.groups.map((group, i) => this.#group(group, i)));
    if (hadFocus) this.#focus();
  }

  /**
   * @param {Group} group
   * @param {number} i
   */
  #group(group, i) {
    const isShown = isOpen(this.#tree, group.code);
    const id = groupId(group);
    const n = group.classes.filter(({ code }) => this.deps.stateOf(code) === "found").length;
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

  /**
   * @param {ClassNode} one
   * @param {number} j
   * @param {number} setSize
   */
  #class(one, j, setSize) {
    const { catalog, stateOf, words } = this.deps;
    const state = stateOf(one.code);
    const id = classId(one);
    return make(
      "li",
      {
        role: "treeitem",
        "data-id": id,
        "data-code": one.code,
        "aria-checked": state === "not-assessable" ? "mixed" : String(state === "found"),
        "aria-level": 2,
        "aria-posinset": j + 1,
        "aria-setsize": setSize,
        tabindex: this.#tabindex(id),
        "aria-disabled": state === "blocked" ? "true" : null,
        title: catalog.definition(one.code),
      },
      make(
        "div",
        { class: `tree-row is-class is-${state || "absent"}` },
        make("b", {}, catalog.get(one.code).abbreviation),
        make("span", { class: "tree-name" }, one.name),
        state === "not-assessable"
          ? make("span", { class: "tree-not-assessable" }, words("not-assessable-short"))
          : null,
      ),
    );
  }

  /** @param {string} id */
  #tabindex(id) {
    return id === this.#tree.at ? "0" : "-1";
  }

  #focus() {
    const row = /** @type {HTMLElement | null} */ (
      this.list.querySelector(`[data-id="${CSS.escape(this.#tree.at ?? "")}"]`)
    );
    row?.focus();
    row?.firstElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = closestTo(event, "[data-id]");
    if (!row) return;
    this.#tree = moveTo(this.#tree, row.dataset.id ?? "");
    this.#act(row, { notAssessable: event.shiftKey });
  }

  /**
   * Choose a class, or open or close a group.
   *
   * @param {HTMLElement | null} row
   * @param {{notAssessable: boolean}} options
   */
  #act(row, options) {
    const { group, code } = row?.dataset ?? {};
    if (code) this.deps.onChoose(code, options);
    else if (group) this.#tree = toggle(this.#tree, group);
    this.show();
    this.#focus();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      // Ignore repeats, because a held key would add and remove the class in turn.
      if (!event.repeat) this.#act(closestTo(event, "[data-id]"), { notAssessable: event.shiftKey });
    } else {
      const tree = press(this.#tree, event.key);
      if (tree === null) return;
      this.#tree = tree;
      this.show();
      this.#focus();
    }
    event.preventDefault();
    event.stopPropagation(); // letters search the tree here; they are not commands
  }

  /** @param {KeyboardEvent} event */
  #escape(event) {
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }
}
