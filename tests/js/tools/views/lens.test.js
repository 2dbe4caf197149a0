import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../../static/js/ecg/layout.js";
import { SheetCoordinates } from "../../../../static/js/tools/sheet_coordinates.js";
import { lookAt } from "../../../../static/js/tools/views/lens.js";

const VIEW = { width: 20, height: 16 };

/** Ten seconds of flat leads; lead I has a wave of `millivolts` in its first two seconds. */
function sheetCoordinates(millivolts = 0) {
  const leads = Array.from({ length: 12 }, () => new Int16Array(5000));
  for (let t = 0; t < 1000; t += 7) leads[0][t] = millivolts * 1000;
  const signal = {
    samplingRateHz: 500,
    microvoltsPerLsb: 1,
    nSamples: 5000,
    status: new Uint8Array(12).fill(1),
    leads,
  };
  return new SheetCoordinates(arrange({ durationS: 10 }), signal);
}

/** Distance of the first row's baseline from the upper edge. */
function firstRow({ sheet }) {
  return sheet.heightMm - sheet.cells[0].baselineMm;
}

test("over a trace the lens looks straight down", () => {
  const coordinates = sheetCoordinates();
  assert.equal(lookAt(coordinates, { x: 40, y: firstRow(coordinates) + 4 }, VIEW), firstRow(coordinates) + 4);
});

test("on the peak of a tall wave it looks at the peak", () => {
  const coordinates = sheetCoordinates(1.5);
  assert.equal(
    lookAt(coordinates, { x: 40, y: firstRow(coordinates) - 15 }, VIEW),
    firstRow(coordinates) - 15,
  );
});

test("between two rows it moves just far enough to show the nearer one", () => {
  const coordinates = sheetCoordinates();
  assert.equal(
    lookAt(coordinates, { x: 40, y: firstRow(coordinates) - 12 }, VIEW),
    firstRow(coordinates) - 5,
  );
  assert.equal(
    lookAt(coordinates, { x: 40, y: firstRow(coordinates) + 12 }, VIEW),
    firstRow(coordinates) + 5,
  );
  const next = firstRow(coordinates) + coordinates.pitchMm;
  assert.equal(lookAt(coordinates, { x: 40, y: next - 12 }, VIEW), next - 5);
});

test("outside all traces it looks straight down", () => {
  assert.equal(lookAt(sheetCoordinates(), { x: -30, y: 7 }, VIEW), 7);
});
