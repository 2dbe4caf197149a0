import assert from "node:assert/strict";
import test from "node:test";

import { ends, figure } from "../../static/js/chart.js";

const CURVE = {
  days: ["2026-03-01", "2026-03-04"],
  done: [0, 30],
  ahead: ["2026-03-04", "2026-03-10"],
  expected: [30, 90],
};
const LOOK = {
  total: 90,
  words: { done: "Done", expected: "Expected", total: "All" },
  colors: { accent: "#000", soft: "#eee", faint: "#777", line: "#ccc", ink: "#111" },
  font: "Inter",
  width: 800,
  height: 300,
};

test("the total line runs from the first day to the forecast", () => {
  assert.deepEqual(ends(CURVE), ["2026-03-01", "2026-03-10"]);
});

test("without a forecast the total line ends today", () => {
  assert.deepEqual(ends({ ...CURVE, ahead: [], expected: [] }), ["2026-03-01", "2026-03-04"]);
});

test("without a forecast nothing is drawn ahead", () => {
  const { data } = figure({ ...CURVE, ahead: [], expected: [] }, LOOK);
  assert.deepEqual(
    data.map((trace) => trace.name),
    ["Done", "All"],
  );
});

test("the axis starts at zero and includes the total", () => {
  const { layout } = figure(CURVE, LOOK);
  assert.equal(layout.yaxis.range[0], 0);
  assert.ok(layout.yaxis.range[1] > LOOK.total);
});

test("no day is labeled twice on the axis", () => {
  const short = { days: ["2026-03-01", "2026-03-02"], done: [0, 30], ahead: [], expected: [] };
  assert.equal(figure(short, LOOK).layout.xaxis.dtick, 86_400_000);
});

test("labels of a long study do not touch", () => {
  const long = { ...CURVE, ahead: ["2026-03-04", "2027-03-01"] };
  assert.ok(365 / (figure(long, LOOK).layout.xaxis.dtick / 86_400_000) <= LOOK.width / 100);
});
