// Measures the space that a page leaves for the sheet.

/**
 * Return the element that the sheet, and everything above and below it, must fit into.
 *
 * @param {HTMLElement} viewer
 * @returns {HTMLElement}
 */
export function containerOf(viewer) {
  return /** @type {HTMLElement} */ (viewer.closest("[data-sheet-space]") ?? viewer.parentElement);
}

/**
 * Return the available space for `viewer`. The style sheet sets --fit to "both" if height limits the sheet
 * too, and min-width to the narrowest allowed sheet.
 *
 * @param {HTMLElement} viewer
 */
export function availableSpace(viewer) {
  const container = containerOf(viewer);
  const style = getComputedStyle(viewer);
  const isBounded = style.getPropertyValue("--fit").trim() === "both" && container.clientHeight > 0;
  return {
    widthPx: Math.max(container.clientWidth, parseFloat(style.minWidth) || 0),
    heightPx: isBounded ? Math.max(container.clientHeight - takenIn(container, viewer), 1) : Infinity,
  };
}

/**
 * Return the total height of the container's other children, in CSS pixels. Absolutely positioned children
 * take no space.
 *
 * @param {HTMLElement} container
 * @param {HTMLElement} viewer
 */
function takenIn(container, viewer) {
  const siblings = /** @type {HTMLElement[]} */ ([...container.children]);
  const others = siblings.filter(
    (one) => !one.contains(viewer) && getComputedStyle(one).position !== "absolute",
  );
  return others.reduce((sum, one) => sum + one.offsetHeight, 0);
}
