import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ARRANGEMENTS,
  GAINS_MM_PER_MV,
  GUTTER_MM,
  ORDERS,
  RHYTHMS,
  SPEEDS_MM_PER_S,
  arrange,
  fitScale,
  pageCount,
} from "../../../static/js/ecg/layout.js";
import { printShare } from "../../../static/js/ecg/print.js";
import { LEADS } from "../../../static/js/ecg/signal.js";

const names = Object.keys(ARRANGEMENTS);

for (const arrangement of names) {
  test(`${arrangement} shows all twelve leads`, () => {
    const { cells } = arrange({ durationS: 10, arrangement });
    assert.deepEqual(new Set(cells.map(({ name }) => name)), new Set(LEADS));
  });

  test(`${arrangement} puts every baseline on the 5 mm grid`, () => {
    const { cells, heightMm } = arrange({ durationS: 10, arrangement });
    assert.deepEqual(
      cells.map(({ baselineMm }) => baselineMm % 5),
      cells.map(() => 0),
    );
    assert.equal(heightMm % 5, 0);
  });

  test(`${arrangement} draws a pulse of 10 mm by 5 mm on the 5 mm grid`, () => {
    for (const { xMm, yMm } of arrange({ durationS: 10, arrangement }).pulses) {
      assert.equal(Math.max(...yMm) - Math.min(...yMm), 10);
      assert.deepEqual([xMm[2], xMm[3]], [5, 10]);
    }
  });

  for (const order of Object.keys(ORDERS)) {
    test(`${arrangement} draws each sample of each lead once in ${order} order`, () => {
      const { cells } = arrange({ durationS: 10, arrangement, order, rhythm: [] });
      assert.equal(cells.length, 12);
      assert.deepEqual(new Set(cells.map(({ lead }) => lead)), new Set(LEADS.keys()));
    });
  }

  test(`${arrangement} fits a landscape A4 page`, () => {
    assert.equal(printShare(arrange({ durationS: 10, arrangement })), 1);
  });

  for (const speedMmPerS of SPEEDS_MM_PER_S) {
    for (const gainMmPerMv of GAINS_MM_PER_MV) {
      const scale = `${speedMmPerS} mm/s and ${gainMmPerMv} mm/mV`;
      test(`${arrangement} at ${scale} has a pulse of 1 mV and 200 ms in the gutter`, () => {
        for (const { xMm, yMm } of arrange({ durationS: 10, arrangement, speedMmPerS, gainMmPerMv }).pulses) {
          assert.equal(yMm[2] - yMm[1], gainMmPerMv);
          assert.ok(Math.abs(xMm[3] - xMm[2] - 0.2 * speedMmPerS) < 1e-9);
          assert.ok(Math.min(...xMm) >= 0 && Math.max(...xMm) < GUTTER_MM);
        }
      });
    }
  }
}

test("Cabrera order is anatomical, with aVR inverted", () => {
  const { cells } = arrange({ durationS: 10, order: "cabrera" });
  assert.deepEqual(
    cells.slice(0, 6).map(({ name }) => name),
    ["aVL", "I", "−aVR", "II", "aVF", "III"],
  );
  assert.deepEqual(
    cells.filter(({ sign }) => sign === -1).map(({ lead }) => LEADS[lead]),
    ["aVR"],
  );
});

test("the standard order inverts no lead", () => {
  assert.ok(arrange({ durationS: 10 }).cells.every(({ sign }) => sign === 1));
});

for (const rhythm of RHYTHMS) {
  test(`3x4 with ${rhythm.length} rhythm strips (${rhythm}) runs them over the whole time window`, () => {
    const { cells } = arrange({ durationS: 10, rhythm });
    const strips = cells.slice(12);
    assert.deepEqual(
      strips.map(({ name }) => name),
      [...rhythm],
    );
    assert.ok(strips.every(({ startS, endS }) => startS === 0 && endS === 10));
  });

  test(`3x4 with ${rhythm.length} rhythm strips (${rhythm}) fits a landscape A4 page`, () => {
    assert.equal(printShare(arrange({ durationS: 10, rhythm })), 1);
  });

  test(`3x4 with ${rhythm.length} rhythm strips (${rhythm}) puts every baseline on the 5 mm grid`, () => {
    assert.ok(arrange({ durationS: 10, rhythm }).cells.every(({ baselineMm }) => baselineMm % 5 === 0));
  });
}

test("a sheet too tall for the page is printed at a whole percentage of its size", () => {
  const share = printShare(arrange({ durationS: 10, headMm: 20, footMm: 20 }));
  assert.ok(share < 1 && Math.abs(share * 100 - Math.round(share * 100)) < 1e-9);
});

test("paper added above and below keeps row distance and grid alignment", () => {
  const standard = arrange({ durationS: 10 });
  const taller = arrange({ durationS: 10, headMm: 10, footMm: 5 });
  assert.equal(taller.heightMm, standard.heightMm + 15);
  assert.deepEqual(
    taller.cells.map(({ baselineMm }) => baselineMm - 5),
    standard.cells.map(({ baselineMm }) => baselineMm),
  );
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

test("3x4 ends with lead II over the whole time window", () => {
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

test("the last page of a minute starts at 50 s", () => {
  const { window } = arrange({ durationS: 60, page: 9 });
  assert.deepEqual([window.startS, window.endS], [50, 60]);
});

test("50 mm/s halves what a page holds", () => {
  const { window, cells } = arrange({ durationS: 10, speedMmPerS: 50 });
  assert.deepEqual([window.endS, window.pages, cells.at(-1).endS], [5, 2, 5]);
});

test("12.5 mm/s doubles what a page holds", () => {
  assert.deepEqual([pageCount(20, 12.5), pageCount(60, 12.5)], [1, 3]);
});

test("half the gain halves the pulse", () => {
  const { yMm } = arrange({ durationS: 10, gainMmPerMv: 5 }).pulses[0];
  assert.equal(Math.max(...yMm) - Math.min(...yMm), 5);
});

test("an unknown order of leads is refused", () => {
  assert.throws(() => arrange({ durationS: 10, order: "alphabet" }), RangeError);
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

test("low space limits the scale just as narrow space does", () => {
  assert.equal(fitScale({ widthMm: 266, heightMm: 165 }, { widthPx: 2000, heightPx: 660 }), 4);
});
