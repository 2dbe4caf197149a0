// What both pages share: the same exams, and the same count of milliseconds from a key to the frame after it.

import { decode } from "/static/js/ecg/signal.js";

export async function loadExams() {
  const n = await (await fetch("/exams/count")).json();
  return Promise.all(
    [...Array(n).keys()].map(async (i) => decode(await (await fetch(`/exams/${i}`)).arrayBuffer())),
  );
}

/** Call `turn` at each press of the right arrow and note how long it took until after the next frame. */
export function countPresses(turn) {
  globalThis.keyToFrameMs = [];
  globalThis.keyToPaintMs = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries())
      if (name === "keydown") globalThis.keyToPaintMs.push(duration);
  }).observe({ type: "event", durationThreshold: 16 });
  document.addEventListener("keydown", (event) => {
    turn();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => globalThis.keyToFrameMs.push(performance.now() - event.timeStamp);
      channel.port2.postMessage(null);
    });
  });
  document.body.dataset.ready = "yes";
}
