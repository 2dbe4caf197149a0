import assert from "node:assert/strict";
import { test } from "node:test";

import { qrsEdges } from "../../../static/js/ecg/qrs.js";

const RATE = 500;

/** Ten seconds with a beat every second: a P wave, a QRS of `widthMs` and a T wave, with a little noise. */
function recording({ widthMs, spikeMv = 0 }) {
  let seed = 7;
  const random = () => ((seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5) * 2;
  const half = widthMs / 2000;
  const shape = (s) =>
    120 * Math.exp(-((s + 0.2) ** 2) / 0.0008) +
    1200 * Math.max(0, 1 - Math.abs(s) / half) +
    300 * Math.exp(-((s - 0.3) ** 2) / 0.0032) +
    (Math.abs(s + half) < 0.0015 ? 1000 * spikeMv : 0);
  const lead = () =>
    Int16Array.from({ length: 10 * RATE }, (_, t) =>
      Math.round(shape(((t / RATE) % 1) - 0.5) + 10 * random()),
    );
  return {
    samplingRateHz: RATE,
    microvoltsPerLsb: 1,
    nSamples: 10 * RATE,
    status: new Uint8Array(12).fill(1),
    leads: Array.from({ length: 12 }, lead),
  };
}

for (const shape of [{ widthMs: 90 }, { widthMs: 160 }, { widthMs: 160, spikeMv: 3 }]) {
  test(`finds onset and end of the QRS: ${JSON.stringify(shape)}`, () => {
    const edges = qrsEdges(recording(shape));
    assert.equal(edges.length, 10);
    edges.forEach(({ onset, end }, i) => {
      const [from, to] = [-1, 1].map((side) => (i + 0.5) * RATE + (side * shape.widthMs * RATE) / 2000);
      assert.ok(Math.abs(onset - from) <= 6 && Math.abs(end - to) <= 6, `${onset}–${end} for ${from}–${to}`);
    });
  });
}

test("a recording without beats has no edges", () => {
  const flat = {
    ...recording({ widthMs: 90 }),
    leads: Array.from({ length: 12 }, () => new Int16Array(10 * RATE)),
  };
  assert.deepEqual(qrsEdges(flat), []);
});
