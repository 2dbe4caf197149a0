import assert from "node:assert/strict";
import { test } from "node:test";

import { restore, settingsLine } from "../../../../static/js/desk/state/sheet_settings.js";
import { createTexts } from "../../../../static/js/texts.js";

const words = createTexts({
  settings: "{speed} mm/s · {gain} mm/mV · {filter} · {rate} Hz",
  "filter-off": "raw, no filter",
  "filter-none": "no filter",
  "filter-40hz": "filtered: 40 Hz",
  "lead-reversal-undone": "preview: {name}",
  "sheet-cut": "cut",
});

function line({ signal = {}, sheet = {} } = {}) {
  const settings = {
    sheet: { speedMmPerS: 25, gainMmPerMv: 10, filter: "off", ...sheet },
    signal: { samplingRateHz: 500, ...signal },
  };
  return settingsLine(settings, words);
}

test("the line describes how the sheet is drawn", () => {
  assert.equal(line(), "25 mm/s · 10 mm/mV · raw, no filter · 500 Hz");
});

test("a preview of exchanged electrodes says so first, and is not called raw", () => {
  assert.equal(
    line({ signal: { exchanged: "RA ↔ LA" } }),
    "preview: RA ↔ LA · 25 mm/s · 10 mm/mV · no filter · 500 Hz",
  );
});

test("a filtered preview names both", () => {
  const text = line({ signal: { exchanged: "RA ↔ LA" }, sheet: { filter: "40hz", isCut: true } });
  assert.equal(text, "preview: RA ↔ LA · 25 mm/s · 10 mm/mV · filtered: 40 Hz · 500 Hz · cut");
});

test("settings that an earlier version stored are kept", () => {
  const stored = { layout: "6x2", isCabrera: true, isLifeSize: true, speedMmPerS: 50, gainMmPerMv: 5 };
  assert.deepEqual(restore(stored), {
    layout: "6x2",
    isCabrera: true,
    isActualSize: true,
    speedMmPerS: 50,
    gainMmPerMv: 5,
  });
});

test("settings that are no longer offered fall back to the defaults", () => {
  assert.equal(restore({ layout: "4x3", speedMmPerS: 33 }).layout, "3x4+II");
  assert.equal(restore(null).speedMmPerS, 25);
});
