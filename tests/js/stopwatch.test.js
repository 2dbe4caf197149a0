import assert from "node:assert/strict";
import { test } from "node:test";

import { Stopwatch } from "../../static/js/stopwatch.js";

test("time between deeds is active", () => {
  const watch = new Stopwatch(1000);
  watch.mark(5000);
  assert.equal(watch.activeMs(11_000), 10_000);
});

test("of a long absence only a minute counts", () => {
  assert.equal(new Stopwatch(0).activeMs(3_600_000), 60_000);
});

test("a hidden page is not being read", () => {
  const watch = new Stopwatch(0);
  watch.see(false, 10_000);
  watch.see(true, 40_000);
  assert.equal(watch.activeMs(45_000), 15_000);
});
