import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../../static/js/ecg/layout.js";
import { areaOf, boxesOf, localization } from "../../../../static/js/tools/evidence/area.js";
import { SheetCoordinates } from "../../../../static/js/tools/sheet_coordinates.js";
import { placeLabel } from "../../../../static/js/tools/calipers/label.js";

const signal = {
  samplingRateHz: 500,
  microvoltsPerLsb: 1,
  nSamples: 5000,
  status: new Uint8Array(12).fill(1),
  leads: Array.from({ length: 12 }, () => new Int16Array(5000)),
};
const sheetCoordinates = (options = {}) =>
  new SheetCoordinates(arrange({ durationS: 10, ...options }), signal);

function on(coordinates, name, seconds) {
  const cell = coordinates.sheet.cells.find(
    (candidate) => candidate.name === name && seconds >= candidate.startS && seconds < candidate.endS,
  );
  return coordinates.placeOf(cell, seconds);
}

test("dragging along a lead marks that lead and time span", () => {
  const coordinates = sheetCoordinates();
  const area = areaOf(coordinates, on(coordinates, "V2", 5.4), on(coordinates, "V2", 6.2));
  assert.deepEqual(localization(area, 1), { tracing: 1, leads: ["V2"], from_s: 5.4, to_s: 6.2 });
});

test("dragging down adds the leads below", () => {
  const coordinates = sheetCoordinates();
  assert.deepEqual(areaOf(coordinates, on(coordinates, "V1", 5.4), on(coordinates, "V3", 6.2)).leads, [
    "V1",
    "V2",
    "V3",
  ]);
});

test("dragging in the opposite direction marks the same area", () => {
  const coordinates = sheetCoordinates();
  assert.deepEqual(
    areaOf(coordinates, on(coordinates, "V3", 6.2), on(coordinates, "V1", 5.4)),
    areaOf(coordinates, on(coordinates, "V1", 5.4), on(coordinates, "V3", 6.2)),
  );
});

test("the rhythm strip is a row of its own", () => {
  const coordinates = sheetCoordinates();
  const strip = coordinates.sheet.cells.at(-1);
  assert.deepEqual(
    areaOf(coordinates, coordinates.placeOf(strip, 5.4), coordinates.placeOf(strip, 6.2)).leads,
    ["II"],
  );
});

test("all twelve leads of a single column can be marked at once", () => {
  const coordinates = sheetCoordinates({ arrangement: "12x1" });
  assert.equal(areaOf(coordinates, on(coordinates, "I", 5), on(coordinates, "V6", 6)).leads.length, 12);
});

test("the area ends where the leads end", () => {
  const coordinates = sheetCoordinates();
  const { fromS, toS } = areaOf(coordinates, on(coordinates, "I", 1), {
    x: -40,
    y: on(coordinates, "I", 1).y,
  });
  assert.deepEqual([fromS, toS], [0, 1]);
});

test("a click marks nothing", () => {
  const coordinates = sheetCoordinates();
  assert.equal(areaOf(coordinates, on(coordinates, "I", 1), on(coordinates, "I", 1.02)), null);
});

test("an area of lead II shows in its column within that column's time span, and in the strip", () => {
  const coordinates = sheetCoordinates();
  assert.equal(boxesOf(coordinates, { leads: ["II"], from_s: 1, to_s: 2 }, 10).length, 2);
  assert.equal(boxesOf(coordinates, { leads: ["II"], from_s: 6, to_s: 7 }, 10).length, 1);
});

const bounds = { left: 0, right: 100, top: 0, bottom: 100 };
const size = { width: 20, height: 5 };
const span = { left: 40, right: 60, top: 40, bottom: 60 };

test("a readout stands above its span", () => {
  const { x, y } = placeLabel(size, span, [], bounds);
  assert.equal(x, 40);
  assert.ok(y + size.height < span.top);
});

test("a readout avoids lead names", () => {
  const name = { left: 35, right: 50, top: 30, bottom: 38 };
  const { x, y } = placeLabel(size, span, [name], bounds);
  assert.ok(x >= span.right || y >= span.bottom || x + size.width <= span.left);
});

test("a readout at the upper edge stays on the sheet", () => {
  const { y } = placeLabel(size, { ...span, top: 2, bottom: 30 }, [], bounds);
  assert.ok(y >= 0);
});

test("a readout at the left edge slides inward", () => {
  assert.equal(placeLabel(size, { ...span, left: 1, right: 5 }, [], bounds).x, 0);
});

test("no readout is drawn where names are on all sides", () => {
  assert.equal(placeLabel(size, span, [bounds], bounds), null);
});
