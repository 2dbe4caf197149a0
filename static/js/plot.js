// The only file that uses Plotly directly.

/** @import { Figure } from "./ecg/types.js" */

// By default, Plotly offers to upload the chart, which here may be a patient's ECG. showSendToCloud and
// plotlyServerURL prevent that.
const CONFIG = Object.freeze({
  staticPlot: true,
  displayModeBar: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  responsive: false,
});

/**
 * Draw `figure` into `element`, or update the existing plot.
 *
 * @param {HTMLElement} element
 * @param {Figure} figure
 * @returns {Promise<unknown>}
 */
export function plot(element, { data, layout }) {
  return /** @type {any} */ (globalThis).Plotly.react(element, data, layout, CONFIG);
}

/**
 * Return the decimal and thousands separators of `language` in Plotly's format, such as ".,".
 *
 * @param {string} language
 */
export function separatorsOf(language) {
  const parts = new Intl.NumberFormat(language, { useGrouping: "always" }).formatToParts(1234.5);
  return ["decimal", "group"].map((partType) => parts.find(({ type }) => type === partType)?.value).join("");
}

/**
 * Draw `element` now and whenever its size, the theme or the system's color scheme changes.
 *
 * @param {HTMLElement & {draw: () => void}} element
 */
export function redrawOnChange(element) {
  const draw = () => element.draw();
  new ResizeObserver(draw).observe(element);
  document.addEventListener("themechange", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/**
 * Return a color of the page's theme.
 *
 * @param {CSSStyleDeclaration} style
 * @param {string} name
 */
export function color(style, name) {
  return style.getPropertyValue(`--${name}`).trim();
}

/** True once the Plotly script has loaded. */
export function canPlot() {
  return "Plotly" in globalThis;
}
