// The naive approach: twelve subplots with a grid each, redrawn at every key press.

import { LEADS } from "/static/js/ecg/signal.js";
import { countPresses, loadExams } from "./exams.js";

const exams = await loadExams();
const element = document.getElementById("naive");
let shown = 0;

function axis(dtick, minor) {
  return {
    dtick,
    minor: { dtick: minor, showgrid: true },
    showgrid: true,
    showticklabels: false,
    zeroline: false,
  };
}

function figure({ leads, samplingRateHz, microvoltsPerLsb }) {
  const layout = {
    width: 1064,
    height: 660,
    showlegend: false,
    margin: { l: 0, r: 0, t: 0, b: 0 },
    grid: { rows: 3, columns: 4, pattern: "independent", roworder: "top to bottom", xgap: 0, ygap: 0 },
  };
  const data = leads.map((samples, i) => {
    const [row, column] = [i % 3, Math.floor(i / 3)];
    const place = row * 4 + column + 1;
    const from = Math.round(column * 2.5 * samplingRateHz);
    const part = [...samples.subarray(from, from + Math.round(2.5 * samplingRateHz))];
    layout[`xaxis${place}`] = axis(0.2, 0.04);
    layout[`yaxis${place}`] = { ...axis(0.5, 0.1), range: [-1.5, 1.5] };
    return {
      type: "scatter",
      mode: "lines",
      name: LEADS[i],
      xaxis: `x${place}`,
      yaxis: `y${place}`,
      line: { width: 1.2 },
      x: part.map((_, t) => t / samplingRateHz),
      y: part.map((sample) => (sample * microvoltsPerLsb) / 1000),
    };
  });
  return { data, layout };
}

function draw(exam) {
  const { data, layout } = figure(exam);
  return globalThis.Plotly.react(element, data, layout, {
    displayModeBar: false,
    showSendToCloud: false,
    plotlyServerURL: "",
  });
}

await draw(exams[0]);
countPresses(() => {
  shown += 1;
  draw(exams[shown % exams.length]);
});
