import assert from "node:assert/strict";
import { test } from "node:test";

import {
  calibrated,
  forget,
  magnification,
  plausible,
  remember,
  screenOf,
} from "../../../static/js/ecg/screen.js";

const DESK = { devicePixelRatio: 1, widthPx: 1920, heightPx: 1080 };
const ZOOMED = { ...DESK, devicePixelRatio: 1.25 };

test("an uncalibrated screen is unknown", () => {
  assert.equal(calibrated(null, DESK), null);
});

test("a calibrated screen is recognized", () => {
  assert.equal(calibrated(remember(null, DESK, 3.6), DESK), 3.6);
});

test("another zoom level needs its own calibration", () => {
  assert.equal(calibrated(remember(null, DESK, 3.6), ZOOMED), null);
});

test("another monitor needs its own calibration", () => {
  assert.equal(calibrated(remember(null, DESK, 3.6), { ...DESK, widthPx: 2560 }), null);
});

test("returning to a screen finds its calibration", () => {
  const both = remember(remember(null, DESK, 3.6), ZOOMED, 2.9);
  assert.deepEqual([calibrated(both, DESK), calibrated(both, ZOOMED)], [3.6, 2.9]);
});

test("calibrating again replaces the calibration", () => {
  const again = remember(remember(null, DESK, 3.6), DESK, 3.7);
  assert.deepEqual([again.length, calibrated(again, DESK)], [1, 3.7]);
});

test("a calibration can be cleared", () => {
  assert.equal(calibrated(forget(remember(null, DESK, 3.6), DESK), DESK), null);
});

test("keeps at most eight screens", () => {
  let all = null;
  for (let width = 0; width < 12; width += 1) all = remember(all, { ...DESK, widthPx: width }, 4);
  assert.equal(all.length, 8);
});

test("a sheet of 4 px/mm on a screen of 4 px/mm has actual size", () => {
  assert.equal(magnification(4, 4), 1);
});

test("magnification is unknown on an uncalibrated screen", () => {
  assert.equal(magnification(4, null), null);
});

test("implausible calibrations are clamped", () => {
  assert.equal(plausible(400), 20);
});

test("a screen is identified by its size and zoom level", () => {
  assert.deepEqual(screenOf({ devicePixelRatio: 1, screen: { width: 1920, height: 1080 } }), DESK);
});
