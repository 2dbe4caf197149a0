// A fast general-purpose chart: uPlot with one series per row and only lines enabled.

import { countPresses, loadExams } from "./exams.js";
import { RANGE_MV, rowsOf } from "./rows.js";

const exams = await loadExams();
let shown = 0;

function dataOf(exam) {
  return [Float64Array.from({ length: exam.nSamples }, (_, t) => t / exam.samplingRateHz), ...rowsOf(exam)];
}

const series = { stroke: "#000", width: 1, points: { show: false } };
const plot = new globalThis.uPlot(
  {
    width: 1064,
    height: 660,
    legend: { show: false },
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: { x: { time: false }, y: { range: RANGE_MV } },
    series: [{}, series, series, series, series],
  },
  dataOf(exams[0]),
  document.getElementById("peer"),
);

countPresses(() => {
  shown += 1;
  plot.setData(dataOf(exams[shown % exams.length]));
});
