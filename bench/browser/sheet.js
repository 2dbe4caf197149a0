// This product's sheet: the next exam is already drawn in the hidden plot when the key is pressed. With ?late
// it is drawn only then, as for a reader who is faster than the network or jumps to another exam.

import "/static/js/ecg/viewer.js";
import { countPresses, loadExams } from "./exams.js";

const isLate = new URLSearchParams(window.location.search).has("late");
const exams = await loadExams();
const viewer = document.querySelector("ecg-viewer");
let shown = 0;

const prepare = (number) => viewer.prepare(`exam ${number}`, exams[number % exams.length]);

await prepare(0);
viewer.show("exam 0");
if (!isLate) await prepare(1);

countPresses(async () => {
  shown += 1;
  if (isLate) await prepare(shown);
  viewer.show(`exam ${shown}`);
  if (!isLate) setTimeout(() => prepare(shown + 1), 50);
});
