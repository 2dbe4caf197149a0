import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../static/js/ecg/layout.js";
import { figure, layoutOf, median, paperLacking } from "../../../static/js/ecg/sheet.js";
import { INVALID } from "../../../static/js/ecg/signal.js";

const WORDS = { missing: "not recorded", flat: "flat", derived: "derived" };

/** Ten seconds in which every lead is at the level `rest`, except for one rise by a millivolt. */
function signal({ rate = 500, seconds = 10, rest = 0, unit = 1 } = {}) {
  const lead = () => {
    const samples = new Int16Array(rate * seconds).fill(rest);
    for (let t = 0; t < samples.length; t += rate) samples[t + 10] = rest + 1000 / unit;
    return samples;
  };
  return {
    samplingRateHz: rate,
    microvoltsPerLsb: unit,
    nSamples: rate * seconds,
    status: new Uint8Array(12).fill(1),
    leads: Array.from({ length: 12 }, lead),
  };
}

function draw(ecg, options = {}) {
  const sheet = arrange({ durationS: ecg.nSamples / ecg.samplingRateHz, ...options });
  const { data } = figure(ecg, sheet, 4, WORDS);
  return {
    sheet,
    lines: data.filter(({ uid }) => uid.startsWith("lead-")),
    absent: data.find(({ uid }) => uid === "absent"),
    names: data.find(({ mode }) => mode === "text").text,
    layout: figure(ecg, sheet, 4, WORDS).layout,
  };
}

test("a millivolt is ten millimeters high", () => {
  const { lines } = draw(signal());
  assert.equal(Math.max(...lines[0].y) - Math.min(...lines[0].y), 10);
});

test("a millivolt has the same height in another unit", () => {
  const { lines } = draw(signal({ unit: 5 }));
  assert.ok(Math.abs(Math.max(...lines[0].y) - Math.min(...lines[0].y) - 10) < 1e-9);
});

test("twice the gain is twice the height", () => {
  const { lines } = draw(signal(), { gainMmPerMv: 20 });
  assert.equal(Math.max(...lines[0].y) - Math.min(...lines[0].y), 20);
});

for (const rate of [100, 300, 500, 1000]) {
  test(`a second is 25 mm wide at ${rate} Hz`, () => {
    const { lines } = draw(signal({ rate }));
    assert.ok(Math.abs(lines[0].dx * rate - 25) < 1e-9);
  });

  test(`every sample is shown exactly once at ${rate} Hz`, () => {
    const { lines } = draw(signal({ rate }));
    const columns = [lines[0], lines[3], lines[6], lines[9]];
    assert.equal(
      columns.reduce((sum, { y }) => sum + y.length, 0),
      rate * 10,
    );
  });
}

test("an electrode's offset does not move the lead off its baseline", () => {
  const { lines, sheet } = draw(signal({ rest: 3000 }));
  assert.equal(lines[0].y[0], sheet.cells[0].baselineMm);
});

test("a gap stays a gap", () => {
  const ecg = signal();
  ecg.leads[0].fill(INVALID, 100, 200);
  const { lines } = draw(ecg);
  assert.deepEqual([lines[0].y[99], lines[0].y[100], lines[0].y[199], lines[0].y[200]].map(Number.isNaN), [
    false,
    true,
    true,
    false,
  ]);
});

test("a missing lead is named and drawn as a dashed line", () => {
  const ecg = signal();
  ecg.status[8] = 0;
  const { lines, names, absent, sheet } = draw(ecg);
  const v3 = sheet.cells.find(({ name }) => name === "V3");
  assert.ok(names.includes("V3 · not recorded"));
  assert.ok(!lines.some(({ name }) => name === "V3"));
  assert.equal(absent.line.dash, "dash");
  assert.deepEqual(
    [absent.x, absent.y],
    [
      [v3.leftMm, v3.rightMm, null],
      [v3.baselineMm, v3.baselineMm, null],
    ],
  );
});

test("a flat lead is named and drawn", () => {
  const ecg = signal();
  ecg.leads[11].fill(0);
  const { lines, names } = draw(ecg);
  assert.ok(names.includes("V6 · flat"));
  assert.ok(lines.some(({ name }) => name === "V6"));
});

test("−aVR is aVR inverted", () => {
  const upright = draw(signal()).lines.find(({ name }) => name === "aVR");
  const { lines, sheet } = draw(signal(), { order: "cabrera" });
  const turned = lines.find(({ name }) => name === "−aVR");
  const cell = sheet.cells.find(({ name }) => name === "−aVR");
  assert.deepEqual(
    [Math.max(...upright.y) - upright.y[0], Math.min(...turned.y) - cell.baselineMm],
    [10, -10],
  );
});

test("a derived lead is marked", () => {
  const ecg = signal();
  ecg.status[2] = 2;
  assert.ok(draw(ecg).names.includes("III · derived"));
});

test("thirteen stretches are drawn on 3x4 with a rhythm strip", () => {
  assert.equal(draw(signal()).lines.length, 13);
});

test("one unit of either axis is one millimeter", () => {
  const { layout, sheet } = draw(signal());
  assert.deepEqual([layout.width, layout.height], [sheet.widthMm * 4, sheet.heightMm * 4]);
  assert.deepEqual(
    [layout.xaxis.range, layout.yaxis.range],
    [
      [0, sheet.widthMm],
      [0, sheet.heightMm],
    ],
  );
});

test("one unit is one millimeter when the sheet is not a whole number of pixels", () => {
  for (const pxPerMm of [3.6, 3.7, 3.605]) {
    const { width, height, xaxis, yaxis } = layoutOf({ widthMm: 266, heightMm: 165 }, pxPerMm);
    assert.ok(Number.isInteger(width) && Number.isInteger(height));
    assert.ok(Math.abs(width / (xaxis.range[1] - xaxis.range[0]) - pxPerMm) < 1e-9);
    assert.ok(Math.abs(height / (yaxis.range[1] - yaxis.range[0]) - pxPerMm) < 1e-9);
    assert.deepEqual([xaxis.range[0], yaxis.range[1]], [0, 165]);
  }
});

test("the median ignores samples without a value", () => {
  assert.equal(median(Int16Array.of(INVALID, 5, 7, 9, INVALID, INVALID)), 7);
});

test("the median without any value is zero", () => {
  assert.equal(median(Int16Array.of(INVALID, INVALID)), 0);
});

/** One wave of `millivolts` in `lead`, half a second after the start. */
function wave(lead, millivolts) {
  const ecg = signal();
  ecg.leads[lead][250] = millivolts * 1000;
  return ecg;
}

const [LEAD_I, LEAD_II] = [0, 1];

test("an ordinary ECG needs no extra paper", () => {
  assert.deepEqual(paperLacking(signal(), arrange({ durationS: 10 })), {
    headMm: 0,
    footMm: 0,
    isCut: false,
  });
});

test("a wave taller than the paper gets whole extra squares, and nothing is cut", () => {
  const lacking = paperLacking(wave(LEAD_I, 3.6), arrange({ durationS: 10 }));
  assert.deepEqual(lacking, { headMm: 10, footMm: 0, isCut: false });
  const { lines, sheet } = draw(wave(LEAD_I, 3.6), lacking);
  assert.ok(lines.every(({ y }) => Math.max(...y) <= sheet.heightMm && Math.min(...y) >= 0));
});

test("a deep wave in the last strip gets paper below it", () => {
  assert.deepEqual(paperLacking(wave(LEAD_II, -1.6), arrange({ durationS: 10 })), {
    headMm: 0,
    footMm: 5,
    isCut: false,
  });
});

test("an artifact gets limited extra paper and is reported as cut", () => {
  assert.deepEqual(paperLacking(wave(LEAD_I, 30), arrange({ durationS: 10 })), {
    headMm: 20,
    footMm: 0,
    isCut: true,
  });
});
