import assert from "node:assert/strict";
import { test } from "node:test";

import { ARRANGEMENTS, GUTTER_MM, arrange, fitScale, pageCount } from "../../static/js/ecg/layout.js";
import { LEADS } from "../../static/js/ecg/signal.js";

const names = Object.keys(ARRANGEMENTS);

for (const arrangement of names) {
  test(`${arrangement} shows all twelve leads`, () => {
    const { cells } = arrange({ durationS: 10, arrangement });
    assert.deepEqual(new Set(cells.map(({ name }) => name)), new Set(LEADS));
  });

  test(`${arrangement} puts every baseline on a line of the 5 mm ruling`, () => {
    const { cells, heightMm } = arrange({ durationS: 10, arrangement });
    assert.deepEqual(cells.map(({ baselineMm }) => baselineMm % 5), cells.map(() => 0));
    assert.equal(heightMm % 5, 0);
  });

  test(`${arrangement} draws a pulse of 10 mm by 5 mm on the 5 mm ruling`, () => {
    for (const { xMm, yMm } of arrange({ durationS: 10, arrangement }).pulses) {
      assert.equal(Math.max(...yMm) - Math.min(...yMm), 10);
      assert.deepEqual([xMm[2], xMm[3]], [5, 10]);
    }
  });

  test(`${arrangement} keeps every name inside the paper`, () => {
    const { cells, widthMm, heightMm } = arrange({ durationS: 10, arrangement });
    assert.ok(cells.every(({ label }) => label.xMm > 0 && label.xMm < widthMm && label.yMm > 0 && label.yMm < heightMm));
  });
}

test("paper added above and below leaves the rows their distance and the ruling", () => {
  const usual = arrange({ durationS: 10 });
  const taller = arrange({ durationS: 10, headMm: 10, footMm: 5 });
  assert.equal(taller.heightMm, usual.heightMm + 15);
  assert.deepEqual(taller.cells.map(({ baselineMm }) => baselineMm - 5), usual.cells.map(({ baselineMm }) => baselineMm));
});

test("ten seconds at 25 mm/s are 250 mm of paper", () => {
  const sheet = arrange({ durationS: 10 });
  assert.equal(sheet.widthMm - GUTTER_MM, 251);
});

test("3x4 gives each column a quarter of the time", () => {
  const { cells } = arrange({ durationS: 10 });
  const v4 = cells.find(({ name }) => name === "V4");
  assert.deepEqual([v4.startS, v4.endS, v4.leftMm], [7.5, 10, GUTTER_MM + 187.5]);
});

test("3x4 ends with lead II over the whole time", () => {
  const { cells } = arrange({ durationS: 10 });
  assert.deepEqual([cells.at(-1).name, cells.at(-1).startS, cells.at(-1).endS], ["II", 0, 10]);
});

test("a recording of seven seconds still shows every lead", () => {
  const { cells } = arrange({ durationS: 7 });
  assert.ok(cells.every(({ startS, endS }) => endS - startS >= 1.75));
});

test("a CODE exam of 10.24 s is shown whole", () => {
  const { window } = arrange({ durationS: 10.24 });
  assert.deepEqual(window, { startS: 0, endS: 10.24, pages: 1 });
});

test("a minute is six pages", () => {
  assert.equal(pageCount(60, 25), 6);
});

test("the last page of a minute begins at 50 s", () => {
  const { window } = arrange({ durationS: 60, page: 9 });
  assert.deepEqual([window.startS, window.endS], [50, 60]);
});

test("50 mm/s halves what a page holds", () => {
  const { window, cells } = arrange({ durationS: 10, speedMmPerS: 50 });
  assert.deepEqual([window.endS, window.pages, cells.at(-1).endS], [5, 2, 5]);
});

test("half the gain halves the pulse", () => {
  const { yMm } = arrange({ durationS: 10, gainMmPerMv: 5 }).pulses[0];
  assert.equal(Math.max(...yMm) - Math.min(...yMm), 5);
});

test("an unknown arrangement is refused", () => {
  assert.throws(() => arrange({ durationS: 10, arrangement: "4x3" }), RangeError);
});

for (const devicePixelRatio of [1, 1.25, 1.5, 2]) {
  test(`the 5 mm tile is whole device pixels at a ratio of ${devicePixelRatio}`, () => {
    const scale = fitScale({ widthMm: 266, heightMm: 165 }, { widthPx: 1013 }, devicePixelRatio);
    const tile = scale * 5 * devicePixelRatio;
    assert.ok(Math.abs(tile - Math.round(tile)) < 1e-9);
    assert.ok(scale * 266 <= 1013);
  });
}

test("a low room limits the scale as a narrow one does", () => {
  assert.equal(fitScale({ widthMm: 266, heightMm: 165 }, { widthPx: 2000, heightPx: 660 }), 4);
});
