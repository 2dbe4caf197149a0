import assert from "node:assert/strict";
import test from "node:test";

import {
  ROW_PX,
  axisOf,
  figure,
  heightOf,
  matching,
  reached,
  summaryOf,
} from "../../../static/js/agreement/forest.js";

const ROW = {
  code: "af",
  label: "AF",
  name: "Atrial fibrillation",
  estimate: 0.8,
  low: 0.6,
  high: 0.9,
  isRare: false,
  text: "0.80",
  interval: "0.60 to 0.90",
  reason: "",
  word: "moderate",
  sentence: "In 9 of 20.",
};
const RARE = {
  ...ROW,
  code: "vt",
  label: "VT",
  name: "Ventricular tachycardia",
  estimate: -0.1,
  low: -0.3,
  high: 0.7,
  isRare: true,
};
const NONE = {
  ...ROW,
  code: "br",
  label: "BRU",
  name: "Padrão de Brugada",
  estimate: null,
  low: null,
  high: null,
  text: "–",
  interval: "",
  reason: "No reader marked the class.",
  word: "",
};
const LOOK = {
  words: { measure: "Alpha", isShare: false, rare: "Few exams." },
  colors: { accent: "#000", warning: "#a60", raised: "#fff", line: "#ccc", strong: "#999", ink: "#111" },
  font: "Inter",
  width: 400,
};

test("the axis runs from 0 to 1 when nothing is below 0", () => {
  const [from, to] = axisOf([ROW, NONE]);
  assert.ok(from < 0 && from > -0.1 && to > 1);
});

test("the axis includes every interval", () => {
  assert.ok(axisOf([ROW, RARE])[0] <= -0.3);
});

test("the axis never extends below -1", () => {
  assert.ok(axisOf([{ ...RARE, low: -1 }])[0] >= -1.1);
});

test("each class has its own row, the first at the top", () => {
  const { data, layout } = figure([ROW, NONE, RARE], LOOK);
  assert.deepEqual(
    data.map((trace) => trace.y),
    [[0], [2]],
  );
  assert.ok(layout.yaxis.range[0] > layout.yaxis.range[1]);
});

test("undefined coefficients are not drawn", () => {
  assert.deepEqual(figure([NONE], LOOK).data, []);
});

test("intervals are drawn from low to high", () => {
  const [{ x, error_x: bars }] = figure([ROW], LOOK).data;
  assert.ok(Math.abs(x[0] - bars.arrayminus[0] - ROW.low) < 1e-12);
  assert.ok(Math.abs(x[0] + bars.array[0] - ROW.high) < 1e-12);
});

test("posterior intervals look different", () => {
  const [ordinary, rare] = figure([ROW, RARE], LOOK).data;
  assert.notEqual(ordinary.marker.symbol, rare.marker.symbol);
});

test("the height of a row does not depend on their number", () => {
  assert.equal(heightOf([ROW, ROW]) - heightOf([ROW]), ROW_PX);
});

test("arrow keys move from row to row and stop at the ends", () => {
  assert.equal(reached("ArrowDown", 0, 3), 1);
  assert.equal(reached("ArrowDown", 2, 3), 2);
  assert.equal(reached("ArrowUp", 0, 3), 0);
  assert.equal(reached("End", 0, 3), 2);
  assert.equal(reached("Enter", 0, 3), null);
});

test("a row matches any word of its name, ignoring accents", () => {
  assert.deepEqual(matching([ROW, NONE], "padrao bru"), [NONE]);
  assert.deepEqual(matching([ROW, NONE], ""), [ROW, NONE]);
});

test("the summary of a row has its number, or why there is none", () => {
  assert.match(summaryOf(ROW, LOOK.words), /Alpha 0\.80 \(0\.60 to 0\.90\) moderate · In 9 of 20\./);
  assert.match(summaryOf(NONE, LOOK.words), /No reader marked the class\./);
  assert.match(summaryOf(RARE, LOOK.words), /Few exams\./);
});
