// The lower bound: plain lines on a canvas, one device pixel wide.

import { countPresses, loadExams } from "./exams.js";
import { RANGE_MV, rowsOf } from "./rows.js";

const exams = await loadExams();
const canvas = document.getElementById("peer");
const pen = canvas.getContext("2d");
[canvas.width, canvas.height] = [1064, 660];
let shown = 0;

function draw(exam) {
  const { width, height } = canvas;
  const [low, high] = RANGE_MV;
  pen.clearRect(0, 0, width, height);
  pen.lineWidth = 1;
  for (const row of rowsOf(exam)) {
    pen.beginPath();
    row.forEach((mv, t) => pen.lineTo((t / row.length) * width, ((high - mv) / (high - low)) * height));
    pen.stroke();
  }
}

draw(exams[0]);
countPresses(() => {
  shown += 1;
  draw(exams[shown % exams.length]);
});
