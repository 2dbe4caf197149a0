// How much room a page leaves for the sheet.

/** What holds the sheet and what stands beside it: all of it has to fit in there. */
export function holderOf(viewer) {
  return viewer.closest("[data-room]") ?? viewer.parentElement;
}

/** The room for `viewer`. The stylesheet says with --fit whether height limits the sheet, and how narrow it may get. */
export function roomFor(viewer) {
  const holder = holderOf(viewer);
  const style = getComputedStyle(viewer);
  const isBounded = style.getPropertyValue("--fit").trim() === "both" && holder.clientHeight > 0;
  return {
    widthPx: Math.max(holder.clientWidth, parseFloat(style.minWidth) || 0),
    heightPx: isBounded ? Math.max(holder.clientHeight - takenIn(holder, viewer), 1) : Infinity,
  };
}

/** The height of what stands above and below the sheet. */
function takenIn(holder, viewer) {
  const others = [...holder.children].filter(
    (one) => !one.contains(viewer) && getComputedStyle(one).position !== "absolute",
  );
  return others.reduce((sum, one) => sum + one.offsetHeight, 0);
}
