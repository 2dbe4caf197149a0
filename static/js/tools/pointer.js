// Converts mouse, pen and touch input on a sheet to positions in millimeters.

/** @import { Point } from "../ecg/types.js" */

/**
 * @typedef {object} PointerActions
 * @property {() => boolean} isOn
 * @property {(at: Point, reachMm: number) => void} down
 * @property {(at: Point) => void} move also called between clicks, without a pressed button
 * @property {(press: {isClick: boolean}) => void} up
 */

/** A pointer that moves farther than this between down and up is dragging, not clicking. */
const CLICK_PX = 4;

/** @type {Record<string, number | undefined>} */
const REACH_PX = { pen: 10, touch: 18 };

const MOUSE_REACH_PX = 8;

/**
 * Return the position of the pointer on `overlay`, whose user units are millimeters.
 *
 * @param {SVGSVGElement} overlay
 * @param {{clientX: number, clientY: number}} event
 * @returns {Point}
 */
export function placeIn(overlay, { clientX, clientY }) {
  const { left, top, width, height } = overlay.getBoundingClientRect();
  const { width: widthMm, height: heightMm } = overlay.viewBox.baseVal;
  return { x: ((clientX - left) / width) * widthMm, y: ((clientY - top) / height) * heightMm };
}

/**
 * Call `actions` for the pointer on `element` while `actions.isOn()`. Further pointers are ignored until the
 * first one is released.
 *
 * @param {Element} element
 * @param {SVGSVGElement} overlay
 * @param {PointerActions} actions
 */
export function pointerOn(element, overlay, actions) {
  /** @type {{id: number, x: number, y: number, hasMoved: boolean} | null} */
  let held = null;
  /** @param {PointerEvent} event */
  const begin = (event) => {
    if (!actions.isOn() || event.button !== 0 || held !== null) return;
    event.preventDefault(); // do not select text or drag the page
    element.setPointerCapture(event.pointerId);
    held = { id: event.pointerId, x: event.clientX, y: event.clientY, hasMoved: false };
    const { width } = overlay.getBoundingClientRect();
    actions.down(
      placeIn(overlay, event),
      ((REACH_PX[event.pointerType] ?? MOUSE_REACH_PX) * overlay.viewBox.baseVal.width) / width,
    );
  };
  /** @param {PointerEvent} event */
  const move = (event) => {
    if (!actions.isOn() || (held && held.id !== event.pointerId)) return;
    if (held) held.hasMoved ||= Math.hypot(event.clientX - held.x, event.clientY - held.y) > CLICK_PX;
    if (!held || held.hasMoved) actions.move(placeIn(overlay, event));
  };
  /** @param {PointerEvent} event */
  const end = (event) => {
    if (!held || held.id !== event.pointerId) return;
    const isClick = event.type === "pointerup" && !held.hasMoved;
    held = null;
    if (actions.isOn()) actions.up({ isClick });
  };
  const handlers = { pointerdown: begin, pointermove: move, pointerup: end, pointercancel: end };
  for (const [type, handle] of Object.entries(handlers)) {
    element.addEventListener(type, (event) => handle(/** @type {PointerEvent} */ (event)));
  }
}
