// How much space a page leaves for the sheet.

/**
 * The element that the sheet and its surroundings have to fit in.
 *
 * @param {HTMLElement} viewer
 * @returns {HTMLElement}
 */
export function containerOf(viewer) {
  return /** @type {HTMLElement} */ (viewer.closest("[data-sheet-space]") ?? viewer.parentElement);
}

/**
 * The space for `viewer`. In the style sheet, --fit says whether height limits the sheet, and min-width how
 * narrow it may get.
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
 * The height of what stands above and below the sheet.
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
