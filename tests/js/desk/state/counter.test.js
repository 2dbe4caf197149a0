import assert from "node:assert/strict";
import { test } from "node:test";

import { Counter } from "../../../../static/js/desk/state/counter.js";

test("counts uses by tool", () => {
  const counter = new Counter();
  for (const name of ["calipers", "filter_40", "calipers"]) counter.count(name);
  assert.deepEqual(counter.counts, { calipers: 2, filter_40: 1 });
});

test("names and counts that the server would refuse are not counted", () => {
  const counter = new Counter();
  for (const name of ["Not a name", "", undefined]) counter.count(name);
  for (let i = 0; i < 40; i += 1) counter.count(`tool_${i}`);
  for (let i = 0; i < 10_050; i += 1) counter.count("tool_1");
  assert.deepEqual([Object.keys(counter.counts).length, counter.counts.tool_1], [30, 10_000]);
});
