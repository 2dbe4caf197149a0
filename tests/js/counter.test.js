import assert from "node:assert/strict";
import { test } from "node:test";

import { Tally } from "../../static/js/desk/state/counter.js";

test("uses are counted by tool", () => {
  const tally = new Tally();
  for (const name of ["calipers", "filter_40", "calipers"]) tally.count(name);
  assert.deepEqual(tally.counts, { calipers: 2, filter_40: 1 });
});

test("what the server would refuse is not counted", () => {
  const tally = new Tally();
  for (const name of ["Not a name", "", undefined]) tally.count(name);
  for (let i = 0; i < 40; i += 1) tally.count(`tool_${i}`);
  for (let i = 0; i < 10_050; i += 1) tally.count("tool_1");
  assert.deepEqual([Object.keys(tally.counts).length, tally.counts.tool_1], [30, 10_000]);
});
