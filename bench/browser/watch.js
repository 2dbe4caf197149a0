// Injected into the reading desk before anything else runs: records when the first ECG is painted, the time
// from each key press to its paint and, on request, every frame.

globalThis.firstEcgMs = 0;
globalThis.keyToPaintMs = [];
globalThis.frameMs = [];

function afterPaint(action) {
  const channel = new MessageChannel();
  channel.port1.onmessage = action;
  channel.port2.postMessage(null);
}

function look() {
  if (!document.querySelector("ecg-viewer .is-front .trace path")) return requestAnimationFrame(look);
  return afterPaint(() => {
    globalThis.firstEcgMs = performance.now();
    document.documentElement.dataset.ecgPainted = "yes";
  });
}

requestAnimationFrame(look);

new PerformanceObserver((list) => {
  for (const { name, duration } of list.getEntries())
    if (name === "keydown") globalThis.keyToPaintMs.push(duration);
}).observe({ type: "event", durationThreshold: 16 });

let last = null;

function note(now) {
  if (last === null) return;
  globalThis.frameMs.push(now - last);
  last = now;
  requestAnimationFrame(note);
}

globalThis.noteFrames = (isOn) => {
  last = isOn ? performance.now() : null;
  if (!isOn) return;
  globalThis.frameMs = [];
  requestAnimationFrame(note);
};
