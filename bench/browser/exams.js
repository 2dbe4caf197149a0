// Shared by all pages: the exams, and the time from a key press to the next frame.

import { decode } from "/static/js/ecg/signal.js";

export async function loadExams() {
  const n = await (await fetch("/exams/count")).json();
  return Promise.all(
    [...Array(n).keys()].map(async (i) => decode(await (await fetch(`/exams/${i}`)).arrayBuffer())),
  );
}

/** Call `turn` at each key press and record the time until after the next frame. */
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
