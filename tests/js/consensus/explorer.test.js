import assert from "node:assert/strict";
import test from "node:test";

import {
  placeOf,
  pointsOf,
  startOf,
  ticksOf,
  valueAt,
  written,
} from "../../../static/js/consensus/explorer.js";

const outcome = (present) => ({ setting: null, present });

test("a value is found by its path, and missing parts give null", () => {
  const row = { ...outcome([3]), left_out: [null, { share: 0.25 }] };
  assert.equal(valueAt(row, "left_out.1.share"), 0.25);
  assert.equal(valueAt(row, "left_out.0.share"), null);
  assert.equal(valueAt(row, "present.0"), 3);
});

test("numbers are written as on the server", () => {
  assert.equal(written(1234, "count", "en"), "1,234");
  assert.equal(written(1234.56, "hours", "pt-BR"), "1.234,6");
  assert.equal(written(0.9856, "share", "pt-BR"), "98,6%");
  assert.equal(written(null, "share", "en"), "–");
});

test("each class with a label has a point, at the settings shown", () => {
  const rules = [
    { rule: "a", parameter: null, chosen: 0, settings: [outcome([2, 0, 5])] },
    { rule: "b", parameter: "k", chosen: 0, settings: [outcome([9, 0, 6]), outcome([1, 0, 6])] },
    { rule: "c", parameter: null, chosen: 0, settings: [] },
  ];
  const compared = { rule: "a", classes: ["x", "y", "z"], rules };
  assert.deepEqual(
    pointsOf(compared, (rule) => rule.settings.at(-1), "a", "b"),
    [
      { code: "z", own: 5, other: 6, low: 5, high: 6 },
      { code: "x", own: 2, other: 1, low: 1, high: 2 },
    ],
  );
});

test("the axis is logarithmic, ends at the largest count and leaves out empty decades", () => {
  assert.equal(placeOf(0, 0, 50), 0);
  assert.equal(placeOf(50, 0, 50), 1);
  assert.equal(startOf(7), 0);
  assert.equal(startOf(345), 100);
  assert.equal(placeOf(100, 100, 700), 0);
  assert.deepEqual(ticksOf(0, 12), [0, 1, 2, 5, 10]);
  assert.deepEqual(ticksOf(0, 2500), [0, 1, 10, 100, 1000]);
  assert.deepEqual(ticksOf(100, 700), [100, 200, 500]);
});
