// The door to Plotly: the only file that names it.

// showSendToCloud and plotlyServerURL: by default Plotly offers to upload the chart, here a patient's ECG.
const CONFIG = Object.freeze({
  staticPlot: true,
  displayModeBar: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  responsive: false,
});

/** Draw `figure` into `element`, which stays the plot it was when it is one already. */
export function plot(element, { data, layout }) {
  return globalThis.Plotly.react(element, data, layout, CONFIG);
}

/** How numbers on the axes of a page in this language are written: its decimal sign, then that of thousands. */
export function separatorsOf(language) {
  const parts = new Intl.NumberFormat(language, { useGrouping: "always" }).formatToParts(1234.5);
  return ["decimal", "group"].map((wanted) => parts.find(({ type }) => type === wanted).value).join("");
}

/** Draw `element` now and whenever its size or the colours of the page change. */
export function keepDrawn(element) {
  const draw = () => element.draw();
  new ResizeObserver(draw).observe(element);
  document.addEventListener("themechange", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** A colour of the page by its name. */
export function colour(style, name) {
  return style.getPropertyValue(`--${name}`).trim();
}

/** Has the page's script for it arrived? */
export function canPlot() {
  return Boolean(globalThis.Plotly);
}
