// Mouse, pen and finger on a sheet, as places in millimetres.

/** Farther than this between down and up was no click. */
const CLICK_PX = 4;

const REACH_PX = { mouse: 8, pen: 10, touch: 18 };

/** Where on `overlay` (whose user units are mm) the pointer is. */
export function placeIn(overlay, { clientX, clientY }) {
  const { left, top, width, height } = overlay.getBoundingClientRect();
  const { width: widthMm, height: heightMm } = overlay.viewBox.baseVal;
  return { x: ((clientX - left) / width) * widthMm, y: ((clientY - top) / height) * heightMm };
}

/**
 * Tell `deeds` what the first pointer does on `element`, as long as `deeds.isOn()`.
 *
 * @param {{isOn: () => boolean, down: Function, move: Function, up: Function}} deeds `down(at, reachMm)`, `move(at)`
 *   also between clicks, `up({isClick})`
 */
export function pointerOn(element, overlay, deeds) {
  let held = null;
  element.addEventListener("pointerdown", (event) => {
    if (!deeds.isOn() || event.button !== 0 || held !== null) return;
    event.preventDefault(); // no text is selected, no page is dragged
    element.setPointerCapture(event.pointerId);
    held = { id: event.pointerId, x: event.clientX, y: event.clientY, hasMoved: false };
    const { width } = overlay.getBoundingClientRect();
    deeds.down(
      placeIn(overlay, event),
      ((REACH_PX[event.pointerType] ?? REACH_PX.mouse) * overlay.viewBox.baseVal.width) / width,
    );
  });
  element.addEventListener("pointermove", (event) => {
    if (!deeds.isOn() || (held && held.id !== event.pointerId)) return;
    if (held) held.hasMoved ||= Math.hypot(event.clientX - held.x, event.clientY - held.y) > CLICK_PX;
    if (!held || held.hasMoved) deeds.move(placeIn(overlay, event));
  });
  const end = (event) => {
    if (held?.id !== event.pointerId) return;
    const isClick = event.type === "pointerup" && !held.hasMoved;
    held = null;
    if (deeds.isOn()) deeds.up({ isClick });
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}
