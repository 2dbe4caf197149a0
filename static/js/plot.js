// The only file that names Plotly.

/** @import { Figure } from "./ecg/types.js" */

// showSendToCloud and plotlyServerURL: by default Plotly offers to upload the chart, here a patient's ECG.
const CONFIG = Object.freeze({
  staticPlot: true,
  displayModeBar: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  responsive: false,
});

/**
 * Draw `figure` into `element`; an existing plot is updated.
 *
 * @param {HTMLElement} element
 * @param {Figure} figure
 * @returns {Promise<unknown>}
 */
export function plot(element, { data, layout }) {
  return /** @type {any} */ (globalThis).Plotly.react(element, data, layout, CONFIG);
}

/**
 * Decimal and thousands separators of `language`, as Plotly takes them: ".,".
 *
 * @param {string} language
 */
export function separatorsOf(language) {
  const parts = new Intl.NumberFormat(language, { useGrouping: "always" }).formatToParts(1234.5);
  return ["decimal", "group"].map((partType) => parts.find(({ type }) => type === partType)?.value).join("");
}

/**
 * Draw `element` now and whenever its size or the page's colors change.
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
 * A color of the page's theme.
 *
 * @param {CSSStyleDeclaration} style
 * @param {string} name
 */
export function color(style, name) {
  return style.getPropertyValue(`--${name}`).trim();
}

/** Has the Plotly script arrived? */
export function canPlot() {
  return "Plotly" in globalThis;
}
