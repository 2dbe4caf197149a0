import assert from "node:assert/strict";
import test from "node:test";

import { bars, figure, heightOf } from "../../../static/js/agreement/measures.js";

const AXIS = {
  title: "",
  is_share: false,
  is_points: false,
  is_log: false,
  from_zero: false,
  lowest: 0,
  names: [],
};
const SERIES = {
  name: "Sensitivity",
  look: "main",
  x: [0.8, 0.9],
  y: [0, 1],
  low: [0.7, null],
  high: [0.95, null],
  is_line: false,
};
const CHART = {
  series: [SERIES],
  x: { ...AXIS, is_share: true },
  y: { ...AXIS, names: ["AF", "Sinus tachycardia"] },
  across: true,
  line: null,
};
const LOOK = {
  colors: {
    accent: "#000",
    warning: "#a60",
    faint: "#777",
    line: "#ccc",
    strong: "#999",
    ink: "#111",
    curves: ["#000", "#a60"],
  },
  font: "Inter",
  width: 800,
};

test("intervals extend from the points to their ends", () => {
  const { array, arrayminus } = bars(SERIES, SERIES.x, "#000");
  assert.deepEqual(
    array.map((reach) => Math.round(100 * reach)),
    [15, 0],
  );
  assert.deepEqual(
    arrayminus.map((reach) => Math.round(100 * reach)),
    [10, 0],
  );
});

test("intervals lie along the value axis", () => {
  const { data } = figure(CHART, LOOK);
  assert.ok(data[0].error_x && !data[0].error_y);
});

test("rows are labeled, the first at the top", () => {
  const { yaxis } = figure(CHART, LOOK).layout;
  assert.deepEqual(yaxis.ticktext, ["AF", "Sinus tachycardia"]);
  assert.ok(yaxis.range[0] > yaxis.range[1]);
});

test("a chart grows with its rows", () => {
  const many = {
    ...CHART,
    y: { ...AXIS, names: Array.from({ length: 40 }, (_, place) => `Class ${place}`) },
  };
  assert.ok(heightOf(many, 800) > heightOf(CHART, 800));
});

test("an axis of shares may start above 0 and includes 1", () => {
  const { xaxis } = figure({ ...CHART, x: { ...AXIS, is_share: true, lowest: 0.6 } }, LOOK).layout;
  assert.ok(xaxis.range[0] < 0.6 && xaxis.range[0] > 0.5);
  assert.ok(xaxis.range[1] >= 1);
});

test("curves differ by dash, not by color alone", () => {
  const curve = { ...SERIES, look: "curve", is_line: true, low: [], high: [] };
  const { data } = figure(
    { ...CHART, series: [curve, { ...curve, name: "AFL" }], across: false, y: AXIS, line: 0.05 },
    LOOK,
  );
  assert.notEqual(data[0].line.dash, data[1].line.dash);
  assert.notEqual(data[0].line.color, data[1].line.color);
});

test("the first line is solid and the first points are circles, whichever comes first", () => {
  const line = { ...SERIES, name: "Bias", look: "other", is_line: true, low: [], high: [] };
  for (const series of [
    [line, SERIES],
    [SERIES, line],
  ]) {
    const { data } = figure({ ...CHART, series }, LOOK);
    assert.equal(data[series.indexOf(line)].line.dash, "solid");
    assert.equal(data[series.indexOf(SERIES)].marker.symbol, "circle");
  }
});

test("the target is a dashed line across the chart", () => {
  const { shapes } = figure({ ...CHART, across: false, line: 0.05 }, LOOK).layout;
  assert.deepEqual([shapes[0].y0, shapes[0].y1], [0.05, 0.05]);
});

test("series without points are left out", () => {
  const { data } = figure(
    { ...CHART, series: [{ ...SERIES, x: [], y: [], low: [], high: [] }, SERIES] },
    LOOK,
  );
  assert.equal(data.length, 1);
});
