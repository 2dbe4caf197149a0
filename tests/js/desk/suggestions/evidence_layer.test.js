import assert from "node:assert/strict";
import { test } from "node:test";

import { labeled, stretches } from "../../../../static/js/desk/suggestions/evidence_layer.js";
import { DEFAULT_SETTINGS, arrange } from "../../../../static/js/ecg/layout.js";
import { LEADS } from "../../../../static/js/ecg/signal.js";

const sheet = arrange({ durationS: 10, page: 0, ...DEFAULT_SETTINGS });
const QRS = {
  leads: [],
  intervals_s: [
    [0.5, 0.65],
    [1.3, 1.45],
    [4.4, 4.55],
  ],
};

function near(a, b) {
  return Math.abs(a - b) < 1e-9;
}

test("an interval is drawn to scale", () => {
  assert.ok(stretches(sheet, QRS).every(({ from, to }) => near(to - from, 0.15 * sheet.speedMmPerS)));
});

test("an interval is drawn in each cell that shows all of it", () => {
  for (const [from] of QRS.intervals_s) {
    const showing = sheet.cells.filter(({ startS, endS }) => from >= startS && from + 0.15 <= endS);
    const drawn = stretches(sheet, { leads: [], intervals_s: [[from, from + 0.15]] });
    assert.deepEqual([drawn.length, showing.length > 0], [showing.length, true]);
  }
});

test("an interval that a cell cuts off is not drawn there: it would be too short", () => {
  const { endS } = sheet.cells[0];
  const cut = stretches(sheet, {
    leads: [LEADS[sheet.cells[0].lead]],
    intervals_s: [[endS - 0.1, endS + 0.1]],
  });
  assert.ok(cut.every(({ cell }) => cell !== sheet.cells[0]));
});

test("evidence limited to some leads is drawn only there", () => {
  const leads = new Set(
    stretches(sheet, { ...QRS, leads: ["I", "aVF"] }).map(({ cell }) => LEADS[cell.lead]),
  );
  assert.deepEqual([...leads].sort(), ["I", "aVF"]);
});

test("the label is above the second interval of the longest row", () => {
  const { cell, from } = labeled(stretches(sheet, QRS));
  const longest = Math.max(...sheet.cells.map(({ startS, endS }) => endS - startS));
  assert.equal(cell.endS - cell.startS, longest);
  assert.ok(near(from, cell.leftMm + (1.3 - cell.startS) * sheet.speedMmPerS));
});

test("without intervals there is no label", () => {
  assert.equal(labeled(stretches(sheet, { leads: [], intervals_s: [] })), null);
});
