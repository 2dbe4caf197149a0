import assert from "node:assert/strict";
import { test } from "node:test";

import { Stopwatch } from "../../../../static/js/desk/state/stopwatch.js";

test("time between actions is active", () => {
  const watch = new Stopwatch(1000);
  watch.mark(5000);
  assert.equal(watch.activeMs(11_000), 10_000);
});

test("only a minute of a long absence counts", () => {
  assert.equal(new Stopwatch(0).activeMs(3_600_000), 60_000);
});

test("hidden time does not count", () => {
  const watch = new Stopwatch(0);
  watch.setVisible(false, 10_000);
  watch.setVisible(true, 40_000);
  assert.equal(watch.activeMs(45_000), 15_000);
});

test("active and idle time add up to the time the exam was open", () => {
  const watch = new Stopwatch(0);
  watch.mark(30_000);
  watch.setVisible(false, 40_000);
  watch.setVisible(true, 100_000);
  watch.mark(400_000);
  assert.deepEqual([watch.activeMs(400_000), watch.idleMs(400_000)], [100_000, 300_000]);
});
