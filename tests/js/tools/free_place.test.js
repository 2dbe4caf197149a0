import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../static/js/ecg/layout.js";
import { SheetCoordinates } from "../../../static/js/tools/sheet_coordinates.js";
import { freePlace } from "../../../static/js/tools/free_place.js";

const SIZE = { width: 60, height: 6 };

/** Ten seconds of flat leads, with a wave of `millivolts` from `fromS` to `toS` in lead `lead`. */
function sheetCoordinates({ lead = 0, millivolts = 0, fromS = 0, toS = 10 } = {}) {
  const leads = Array.from({ length: 12 }, () => new Int16Array(5000));
  for (let t = fromS * 500 + 1; t < toS * 500; t += 7) leads[lead][t] = millivolts * 1000;
  const signal = {
    samplingRateHz: 500,
    microvoltsPerLsb: 1,
    nSamples: 5000,
    status: new Uint8Array(12).fill(1),
    leads,
  };
  return new SheetCoordinates(arrange({ durationS: 10 }), signal);
}

test("on an empty sheet the upper left corner is free", () => {
  assert.deepEqual(freePlace(sheetCoordinates(), [], SIZE), { x: 0, y: 0 });
});

test("a tall wave in the first lead moves the place to the right", () => {
  const { x, y } = freePlace(sheetCoordinates({ millivolts: 2.8, toS: 2 }), [], SIZE);
  assert.equal(y, 0);
  assert.ok(x >= 15 + 2 * 25 - 2);
});

test("a stroke that crosses the band blocks it, even without a sample in it", () => {
  const coordinates = sheetCoordinates({ millivolts: 4, toS: 2 });
  assert.ok(freePlace(coordinates, [], SIZE).x >= 60);
});

test("tall waves along the whole upper edge move the place to the lower edge", () => {
  const coordinates = sheetCoordinates({ millivolts: 2.8 });
  for (const lead of [3, 6, 9]) coordinates.signal.leads[lead].set(coordinates.signal.leads[0]);
  assert.equal(freePlace(coordinates, [], SIZE).y, coordinates.sheet.heightMm - SIZE.height);
});

test("a lead name is not hidden", () => {
  const { x } = freePlace(sheetCoordinates(), [{ left: 16, right: 22, top: 2, bottom: 6 }], SIZE);
  assert.ok(x >= 22);
});

test("returns null where nothing is free", () => {
  const coordinates = sheetCoordinates();
  const everywhere = { left: 0, right: 300, top: 0, bottom: 300 };
  assert.equal(freePlace(coordinates, [everywhere], SIZE), null);
});
