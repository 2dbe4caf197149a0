// Building and finding elements. Markup is never written as a string, where user text could become HTML.

/**
 * Find an element by its data-part attribute; with `type`, of that class.
 *
 * @typedef {<T extends HTMLElement = HTMLElement>(name: string, type?: new () => T) => T} FindPart
 */

/** @typedef {string | Node | null | undefined | false} Child */

/**
 * A new element. Attributes that are false, null or undefined are left out, true becomes "".
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 * @param {Child[]} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * A function that finds the parts of `root` by name.
 *
 * @param {ParentNode} root
 * @returns {FindPart}
 */
export function partsOf(root) {
  return (name, type) => find(root, `[data-part="${name}"]`, type);
}

/**
 * The first element of `root` that matches `selector`.
 *
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T}
 * @throws {TypeError} when there is none, or it is not a `type`
 */
export function find(root, selector, type) {
  const element = root.querySelector(selector);
  if (element === null || (type && !(element instanceof type))) {
    throw new TypeError(`no ${type?.name ?? "element"} matches ${selector}`);
  }
  return /** @type {T} */ (element);
}

/**
 * All elements of `root` that match `selector`.
 *
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [_type] for the type checker
 * @returns {T[]}
 */
export function findAll(root, selector, _type) {
  return /** @type {T[]} */ ([...root.querySelectorAll(selector)]);
}

/**
 * The element that `event` happened in or on and that matches `selector`.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {Event} event
 * @param {string} selector
 * @returns {T | null}
 */
export function closestTo(event, selector) {
  return /** @type {Element} */ (event.target).closest(selector);
}

/**
 * The detail of a custom event.
 *
 * @template T
 * @param {Event} event
 * @returns {T}
 */
export function detailOf(event) {
  return /** @type {CustomEvent<T>} */ (event).detail;
}

/**
 * The JSON that the server wrote into the page under `id`.
 *
 * @param {string | undefined} id
 */
export function embedded(id) {
  return JSON.parse(find(document, `#${CSS.escape(id ?? "")}`).textContent);
}

/**
 * Move focus out of `panel`, which is being hidden or disabled: `back` to the element that had it before, or
 * to nothing. Otherwise the hidden element would keep focus until the next frame and take the next key.
 *
 * @param {Element} panel
 * @param {Element | null} [back]
 */
export function releaseFocus(panel, back = null) {
  const focused = document.activeElement;
  if (!focused || !panel.contains(focused)) return;
  /** @type {HTMLElement} */ (focused).blur();
  /** @type {HTMLElement | null} */ (back)?.focus?.({ preventScroll: true });
}

/**
 * Let `change` rebuild the content of `root` and restore focus by data-focus. When the focused element is
 * gone, `fallback(it)` names another one.
 *
 * @param {Element} root
 * @param {() => void} change
 * @param {(gone: Element) => HTMLElement | null} [fallback]
 */
export function keepFocus(root, change, fallback = () => null) {
  const focused = document.activeElement;
  if (!focused || !root.contains(focused)) {
    change();
    return;
  }
  const name = /** @type {HTMLElement | null} */ (focused.closest("[data-focus]"))?.dataset.focus;
  change();
  const same = name && root.querySelector(`[data-focus="${CSS.escape(name)}"]`);
  /** @type {HTMLElement | null} */ (same || fallback(focused))?.focus({ preventScroll: true });
}
