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

/** Has the page's script for it arrived? */
export function canPlot() {
  return Boolean(globalThis.Plotly);
}
