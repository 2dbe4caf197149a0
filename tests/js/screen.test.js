import assert from "node:assert/strict";
import { test } from "node:test";

import { forget, lifeSize, measured, plausible, remember, screenOf } from "../../static/js/ecg/screen.js";

const DESK = { devicePixelRatio: 1, widthPx: 1920, heightPx: 1080 };
const ZOOMED = { ...DESK, devicePixelRatio: 1.25 };

test("a screen never measured is unknown", () => {
  assert.equal(measured(null, DESK), null);
});

test("a measured screen is known again", () => {
  assert.equal(measured(remember(null, DESK, 3.6), DESK), 3.6);
});

test("another magnification has to be measured itself", () => {
  assert.equal(measured(remember(null, DESK, 3.6), ZOOMED), null);
});

test("another monitor has to be measured itself", () => {
  assert.equal(measured(remember(null, DESK, 3.6), { ...DESK, widthPx: 2560 }), null);
});

test("going back to a screen finds its measure again", () => {
  const both = remember(remember(null, DESK, 3.6), ZOOMED, 2.9);
  assert.deepEqual([measured(both, DESK), measured(both, ZOOMED)], [3.6, 2.9]);
});

test("measuring again replaces what was measured", () => {
  const again = remember(remember(null, DESK, 3.6), DESK, 3.7);
  assert.deepEqual([again.length, measured(again, DESK)], [1, 3.7]);
});

test("a measure can be forgotten", () => {
  assert.equal(measured(forget(remember(null, DESK, 3.6), DESK), DESK), null);
});

test("no more than eight screens are kept", () => {
  let all = null;
  for (let width = 0; width < 12; width += 1) all = remember(all, { ...DESK, widthPx: width }, 4);
  assert.equal(all.length, 8);
});

test("a sheet of 4 px/mm on a screen of 4 px/mm is as large as life", () => {
  assert.equal(lifeSize(4, 4), 1);
});

test("the size against life is unknown on a screen never measured", () => {
  assert.equal(lifeSize(4, null), null);
});

test("a card as wide as the wall is no card", () => {
  assert.equal(plausible(400), 20);
});

test("the screen is told by its size and the magnification", () => {
  assert.deepEqual(screenOf({ devicePixelRatio: 1, screen: { width: 1920, height: 1080 } }), DESK);
});
