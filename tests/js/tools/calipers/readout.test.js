import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../../static/js/ecg/layout.js";
import { keyAction } from "../../../../static/js/tools/calipers/caliper_panel.js";
import * as calipers from "../../../../static/js/tools/calipers/calipers.js";
import { SheetCoordinates } from "../../../../static/js/tools/sheet_coordinates.js";
import { readout } from "../../../../static/js/tools/calipers/readout.js";
import { pathOf, row } from "../../../../static/js/tools/views/strip.js";

const TEXTS = {
  "caliper-ms": "{ms} ms · {bpm} /min",
  "caliper-mv": "{mv} mV · {mm} mm",
  "caliper-mean": "mean of {count}: {interval}",
};
const words = (key, values) => TEXTS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

const signal = {
  samplingRateHz: 500,
  microvoltsPerLsb: 1,
  nSamples: 5000,
  status: new Uint8Array(12).fill(1),
  leads: Array.from({ length: 12 }, () => new Int16Array(5000)),
};
const coordinates = new SheetCoordinates(arrange({ durationS: 10 }), signal);
const cell = coordinates.sheet.cells.at(-1);

function placed(kind, legs, cycles = 1) {
  return {
    ...calipers.idle(kind),
    cell,
    legs: legs.map(([seconds, millivolts]) => ({ seconds, millivolts })),
    cycles,
  };
}

for (const [state, language, text] of [
  [
    placed("interval", [
      [1, 0],
      [1.8, 0],
    ]),
    "en",
    "800 ms · 75 /min",
  ],
  [
    placed("interval", [
      [1.8, 0],
      [1, 0],
    ]),
    "en",
    "800 ms · 75 /min",
  ],
  [
    placed(
      "interval",
      [
        [1, 0],
        [3.4, 0],
      ],
      3,
    ),
    "en",
    "mean of 3: 800 ms · 75 /min",
  ],
  [
    placed("interval", [
      [0, 0],
      [2.5, 0],
    ]),
    "pt-BR",
    "2500 ms · 24 /min",
  ],
  [
    placed("interval", [
      [1, 0],
      [1, 0],
    ]),
    "en",
    "0 ms · – /min",
  ],
  [
    placed("amplitude", [
      [1, 0],
      [1, 1.234],
    ]),
    "en",
    "1.23 mV · 12.3 mm",
  ],
  [
    placed("amplitude", [
      [1, 0.5],
      [1, 0],
    ]),
    "pt-BR",
    "−0,50 mV · 5,0 mm",
  ],
  [
    placed("amplitude", [
      [1, 0.001],
      [1, 0],
    ]),
    "en",
    "0.00 mV · 0.0 mm",
  ],
]) {
  test(`calipers show "${text}" in ${language}`, () =>
    assert.equal(readout(state, coordinates, words, language), text));
}

for (const [event, action] of [
  [{ key: "ArrowLeft" }, { right: -1, isCoarse: false }],
  [
    { key: "ArrowUp", shiftKey: true },
    { up: 1, isCoarse: true },
  ],
  [{ key: "PageDown" }, { cell: 1 }],
  [{ key: "Enter" }, { right: 0 }],
  [{ key: "ArrowLeft", altKey: true }, null],
  [{ key: "5" }, null],
]) {
  test(`key ${JSON.stringify(event)} on a leg does ${JSON.stringify(action)}`, () => {
    assert.deepEqual(keyAction({ shiftKey: false, ...event }), action);
  });
}

test("the line of an enlarged lead is interrupted where there is no value", () => {
  assert.equal(pathOf({ x0: 0, dx: 1, y: [1, 2, NaN, 3] }, 10), "M0.000 9.000L1.000 8.000M3.000 7.000");
});

test("an enlarged lead keeps speed and gain", () => {
  const one = row(signal, coordinates.sheet, [{ lead: 1, name: "II" }], () => ({ headMm: 5, footMm: 10 }));
  assert.equal(one.cells[0].rightMm - one.cells[0].leftMm, 250);
  assert.equal(one.heightMm, 50);
  assert.equal(one.cells[0].baselineMm % 5, 0);
  const [{ yMm }] = one.pulses;
  assert.equal(Math.max(...yMm) - Math.min(...yMm), 10);
});
