// Making SVG without writing markup into strings.

const SVG = "http://www.w3.org/2000/svg";

/** A new SVG element with `attributes` and `children`. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Set `attributes`; numbers to a thousandth, which on any screen is less than a pixel. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, typeof value === "number" ? String(Math.round(value * 1000) / 1000) : value);
  }
}
