// Making elements without writing HTML into strings, where a user's text could become markup.

/** A new element; attributes that are false, null or undefined are left out, true becomes "". */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The parts of `root` by their names: what returns the element that says data-part="name". */
export function partsOf(root) {
  return (name) => root.querySelector(`[data-part="${name}"]`);
}

/** The data that the server wrote into the page under `id`. */
export function embedded(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/**
 * `panel` is hidden or shut. What has the focus in it would keep it until the next frame, and take the next key: the
 * focus goes `back` to what had it before, or to nothing.
 */
export function letGo(panel, back = null) {
  if (!panel.contains(document.activeElement)) return;
  document.activeElement.blur();
  back?.focus?.({ preventScroll: true });
}

/**
 * Let `change` make the content of `root` anew: what has the focus there, by its data-focus, has it still. Where that
 * is gone, `instead(it)` names another element.
 */
export function keepingFocus(root, change, instead = () => null) {
  const at = document.activeElement;
  const isHere = root.contains(at);
  const name = isHere && at.closest("[data-focus]")?.dataset.focus;
  change();
  if (!isHere) return;
  const same = name && root.querySelector(`[data-focus="${CSS.escape(name)}"]`);
  (same || instead(at))?.focus({ preventScroll: true });
}
