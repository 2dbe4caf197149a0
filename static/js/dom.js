// Creates and finds elements. Markup is never built from strings, so user text cannot become HTML.

/**
 * Find an element by its data-part attribute, optionally checking its class.
 *
 * @typedef {<T extends HTMLElement = HTMLElement>(name: string, type?: new () => T) => T} FindPart
 */

/** @typedef {string | Node | null | undefined | false} Child */

/**
 * Create an element. Attributes that are false, null or undefined are left out; true becomes "".
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
 * Return a function that finds the elements in `root` by their data-part attribute.
 *
 * @param {ParentNode} root
 * @returns {FindPart}
 */
export function partsOf(root) {
  return (name, type) => find(root, `[data-part="${name}"]`, type);
}

/**
 * Return the first element of `root` that matches `selector`.
 *
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T}
 * @throws {TypeError} if there is none, or it is not an instance of `type`
 */
export function find(root, selector, type) {
  const element = root.querySelector(selector);
  if (element === null || (type && !(element instanceof type))) {
    throw new TypeError(`no ${type?.name ?? "element"} matches ${selector}`);
  }
  return /** @type {T} */ (element);
}

/**
 * Return all elements of `root` that match `selector`.
 *
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [_type] used only by the type checker
 * @returns {T[]}
 */
export function findAll(root, selector, _type) {
  return /** @type {T[]} */ ([...root.querySelectorAll(selector)]);
}

/**
 * Return the target of `event`, or its closest ancestor, that matches `selector`.
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
 * @template T
 * @param {Event} event
 * @returns {T}
 */
export function detailOf(event) {
  return /** @type {CustomEvent<T>} */ (event).detail;
}

/**
 * Parse the JSON that the server embedded in the page under `id`.
 *
 * @param {string | undefined} id
 */
export function embedded(id) {
  return JSON.parse(find(document, `#${CSS.escape(id ?? "")}`).textContent);
}

/**
 * Move focus out of `panel`, which is being hidden or disabled, to `back` or to no element. Otherwise the
 * hidden element would keep focus until the next frame and receive the next key press.
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
 * Let `change` rebuild the content of `root`, and restore focus by data-focus. If the focused element no
 * longer exists, focus the element that `fallback` returns for it.
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
