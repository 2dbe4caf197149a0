// Calipers on the product's sheet: records the time from each pointer move to after the next frame.

import { medianBeat } from "/static/js/ecg/beats.js";
import { FILTERS, filtered } from "/static/js/ecg/filters.js";
import "/static/js/ecg/viewer.js";
import { CaliperTool } from "/static/js/tools/calipers/caliper_tool.js";
import { Kind } from "/static/js/tools/calipers/calipers.js";
import { SheetCoordinates } from "/static/js/tools/sheet_coordinates.js";
import { loadExams } from "./exams.js";

const exams = await loadExams();
const viewer = document.querySelector("ecg-viewer");
const tool = new CaliperTool(
  {
    element: viewer,
    overlay: viewer.overlay,
    layer: viewer.overlay.querySelector("[data-layer=calipers]"),
    host: document.querySelector(".tool-panel"),
    namesMm: () => [],
  },
  {
    words: (key, values = {}) => `${key} ${Object.values(values)}`,
    language: "en",
    onChange: () => {},
    onAttach: () => {},
  },
);
viewer.addEventListener("sheet", ({ detail }) =>
  tool.show(new SheetCoordinates(detail.sheet, detail.signal), detail.scale),
);
await viewer.prepare("exam", exams[0]);
viewer.show("exam");
tool.toggle(Kind.INTERVAL);
tool.toggleMarch();

globalThis.moveToFrameMs = [];
globalThis.betweenFramesMs = [];
let last = null;
viewer.addEventListener("pointermove", (event) => {
  requestAnimationFrame((now) => {
    if (last !== null && now > last) globalThis.betweenFramesMs.push(now - last);
    last = now;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => globalThis.moveToFrameMs.push(performance.now() - event.timeStamp);
    channel.port2.postMessage(null);
  });
});

/** Milliseconds to filter each exam with each filter, and to compute its median beat. */
globalThis.computingMs = () => {
  const timed = (action) =>
    exams.map((exam) => {
      const fresh = { ...exam }; // filtered views are cached per recording
      const from = performance.now();
      action(fresh);
      return performance.now() - from;
    });
  return Object.fromEntries([
    ...FILTERS.filter((name) => name !== "off").map((name) => [
      `filter ${name}`,
      timed((exam) => filtered(exam, name)),
    ]),
    ["median beat", timed(medianBeat)],
  ]);
};
document.body.dataset.ready = "yes";
