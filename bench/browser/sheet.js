// This product's sheet: the next exam lies drawn in the hidden buffer when the key is pressed.

import "/static/js/ecg/viewer.js";
import { countPresses, loadExams } from "./exams.js";

const exams = await loadExams();
const viewer = document.querySelector("ecg-viewer");
let shown = 0;

await viewer.prepare("exam 0", exams[0]);
viewer.show("exam 0");
await viewer.prepare("exam 1", exams[1]);

countPresses(() => {
  shown += 1;
  viewer.show(`exam ${shown}`);
  const next = shown + 1;
  setTimeout(() => viewer.prepare(`exam ${next}`, exams[next % exams.length]), 50);
});
