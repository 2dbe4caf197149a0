import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../static/js/ecg/layout.js";
import { INVALID, LEADS } from "../../static/js/ecg/signal.js";
import * as calipers from "../../static/js/tools/calipers.js";
import { Ground } from "../../static/js/tools/sheet_coordinates.js";

const { Kind } = calipers;
const REACH = 2;

/** Ten seconds at 500 Hz; each lead is flat but for a triangle of 1 mV at every second. */
function signal({ rate = 500 } = {}) {
  const lead = () =>
    Int16Array.from({ length: 10 * rate }, (_, t) =>
      Math.max(0, 1000 - 50 * Math.abs((t % rate) - rate / 2)),
    );
  return {
    samplingRateHz: rate,
    microvoltsPerLsb: 1,
    nSamples: 10 * rate,
    status: new Uint8Array(12).fill(1),
    leads: Array.from({ length: 12 }, lead),
  };
}

function ground(asked = {}, one = signal()) {
  return new Ground(arrange({ durationS: one.nSamples / one.samplingRateHz, ...asked }), one);
}

/** The place of `seconds` on the baseline of the cell called `name`. */
function on(where, name, seconds, millivolts = 0) {
  const cell = where.sheet.cells.find(
    (one) => one.name === name && seconds >= one.startS && seconds < one.endS,
  );
  return where.placeOf(cell, seconds, millivolts);
}

function drag(state, where, from, to) {
  const held = calipers.down(state, where, from, REACH);
  return calipers.up(calipers.move(held, where, to), { isClick: false });
}

const said = (state, where) => calipers.reading(state, where);

test("dragging measures an interval in milliseconds and beats a minute", () => {
  const where = ground();
  const state = drag(calipers.idle(), where, on(where, "II", 1), on(where, "II", 1.8));
  assert.ok(Math.abs(said(state, where).ms - 800) < 1e-6);
  assert.ok(Math.abs(said(state, where).perMinute - 75) < 1e-6);
});

test("click and click measures what dragging does", () => {
  const where = ground();
  let state = calipers.down(calipers.idle(), where, on(where, "II", 1), REACH);
  state = calipers.up(state, { isClick: true });
  state = calipers.move(state, where, on(where, "II", 1.4));
  state = calipers.down(state, where, on(where, "II", 1.8), REACH);
  state = calipers.up(state, { isClick: true });
  assert.equal(state.hand, null);
  assert.ok(Math.abs(said(state, where).ms - 800) < 1e-6);
});

for (const asked of [
  {},
  { arrangement: "6x2" },
  { arrangement: "12x1" },
  { speedMmPerS: 50 },
  { order: "cabrera" },
]) {
  test(`an interval is the same on the sheet ${JSON.stringify(asked)}`, () => {
    const where = ground(asked);
    const from = where.sheet.window.endS - 1;
    const state = drag(calipers.idle(), where, on(where, "V6", from), on(where, "V6", from + 0.6));
    assert.ok(Math.abs(said(state, where).ms - 600) < 1e-6);
  });
}

for (const rate of [100, 300, 1000]) {
  test(`the legs stand on samples at ${rate} Hz`, () => {
    const where = ground({}, signal({ rate }));
    const state = drag(calipers.idle(), where, on(where, "II", 1.00123), on(where, "II", 1.80456));
    for (const { seconds } of state.legs)
      assert.ok(Math.abs(seconds * rate - Math.round(seconds * rate)) < 1e-9);
  });
}

test("dragged straight up from the baseline to the top of R, the calipers say how tall R is", () => {
  const where = ground();
  const state = drag(calipers.idle(Kind.AMPLITUDE), where, on(where, "II", 1.5), on(where, "II", 1.5, 1));
  assert.ok(Math.abs(said(state, where).mv - 1) < 1e-9);
  assert.ok(Math.abs(said(state, where).mm - 10) < 1e-9);
  assert.deepEqual(
    state.legs.map(({ seconds }) => seconds),
    [1.5, 1.5],
  );
});

for (const [where, name, at, leg] of [
  ["at a peak", "II", [1.54, 1.06], [1.5, 1]],
  ["on the baseline", "II", [1.1, 0.08], [1.1, 0]],
  ["where it was put, far from all of them", "II", [1.1, 0.6], [1.1, 0.6]],
  ["where it was put, beside a peak but too far from it", "II", [1.5, 1.3], [1.5, 1.3]],
  ["at a nadir of a lead drawn upside down", "aVR", [1.48, -0.95], [1.5, -1]],
]) {
  test(`a leg of the voltage rests ${where}`, () => {
    const sheet = ground({ order: name === "aVR" ? "cabrera" : "standard" });
    const cell = sheet.sheet.cells.find((one) => one.lead === LEADS.indexOf(name) && at[0] < one.endS);
    const { legs } = calipers.down(calipers.idle(Kind.AMPLITUDE), sheet, sheet.placeOf(cell, ...at), REACH);
    const [{ seconds, millivolts }] = legs;
    assert.ok(
      Math.abs(seconds - leg[0]) < 1e-9 && Math.abs(millivolts - leg[1]) < 1e-9,
      `${seconds} s, ${millivolts} mV`,
    );
  });
}

test("a leg of the voltage rests at the J point of a raised ST segment", () => {
  const one = signal();
  for (const lead of one.leads) {
    lead.forEach(
      (value, t) => (lead[t] = t % 500 < 250 ? value : Math.max(value, Math.min(300, 2 * (500 - (t % 500))))),
    );
  }
  const where = ground({}, one);
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    where,
    on(where, "II", 1.4, 0.02),
    on(where, "II", 1.545, 0.36),
  );
  assert.ok(Math.abs(state.legs[1].seconds - 1.528) <= 0.004, `${state.legs[1].seconds} s`);
  assert.ok(Math.abs(said(state, where).mv - 0.3) < 0.05);
});

test("the baseline is the one near the leg, where it wanders", () => {
  const one = signal();
  one.leads[1].forEach((value, t) => (one.leads[1][t] = value + (t > 3500 ? 400 : 0)));
  const where = ground({}, one);
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    where,
    on(where, "II", 8.2, 0.45),
    on(where, "II", 8.5, 1.42),
  );
  assert.ok(Math.abs(said(state, where).mv - 1) < 1e-9);
});

test("an amplitude of a lead drawn upside down has the lead's own sign", () => {
  const where = ground({ order: "cabrera" });
  const cell = where.sheet.cells.find(({ sign }) => sign === -1);
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    where,
    where.placeOf(cell, cell.startS + 0.2),
    where.placeOf(cell, cell.startS + 0.5, -1),
  );
  assert.ok(Math.abs(said(state, where).mv - 1) < 1e-9);
  assert.equal(calipers.measurement(state, where, 1).lead, "aVR");
});

test("a voltage that begins at the top of a tall wave belongs to that wave, not to the row it reaches into", () => {
  const one = signal();
  one.leads[1].forEach((value, t) => (one.leads[1][t] = 3 * value));
  const where = ground({}, one);
  const rhythm = where.sheet.cells.at(-1);
  const state = calipers.down(calipers.idle(Kind.AMPLITUDE), where, where.placeOf(rhythm, 1.5, 3), REACH);
  assert.equal(state.cell, rhythm);
});

test("legs of a voltage are taken up again wherever they are, and the bar carries both", () => {
  const where = ground();
  let state = drag(
    calipers.idle(Kind.AMPLITUDE),
    where,
    on(where, "II", 1.2, 0.7),
    on(where, "II", 1.2, 2.2),
  );
  state = drag(state, where, on(where, "II", 1.2, 2.2), on(where, "II", 1.2, 1.7));
  assert.ok(Math.abs(said(state, where).mv - 1) < 1e-9);
  const bar = on(where, "II", 1.2, 1.2);
  state = drag(state, where, { x: bar.x + 2.5, y: bar.y }, { x: bar.x + 2.5, y: bar.y + 4 });
  assert.ok(Math.abs(said(state, where).mv - 1) < 1e-9);
  assert.ok(Math.abs(state.legs[0].millivolts - 0.3) < 1e-9);
});

test("a measurement that reads 0.00 mV or 0 ms is none", () => {
  const where = ground();
  const clicked = (kind) => calipers.down(calipers.idle(kind), where, on(where, "II", 1.2), REACH);
  assert.ok(calipers.isNothing(clicked(Kind.AMPLITUDE), where));
  assert.ok(calipers.isNothing(clicked(Kind.INTERVAL), where));
  assert.ok(!calipers.isNothing(calipers.nudge(clicked(Kind.AMPLITUDE), where, 1, { up: 1 }), where));
  assert.ok(!calipers.isNothing(calipers.nudge(clicked(Kind.INTERVAL), where, 1, { right: 1 }), where));
});

test("by key a leg on the trace follows it, and a raised one keeps its height", () => {
  const where = ground();
  let state = drag(calipers.idle(Kind.AMPLITUDE), where, on(where, "II", 1.5, 1), on(where, "II", 1.2, 0.7));
  state = calipers.nudge(calipers.nudge(state, where, 0, { right: 1 }), where, 1, { right: 1 });
  assert.deepEqual(
    state.legs.map(({ millivolts }) => Math.round(millivolts * 1000)),
    [950, 700],
  );
});

test("an interval goes on into the next column of its row", () => {
  const where = ground();
  const state = drag(calipers.idle(), where, on(where, "I", 2.2), on(where, "aVR", 3.0));
  assert.ok(Math.abs(said(state, where).ms - 800) < 1e-6);
});

test("an amplitude does not go on into another lead", () => {
  const where = ground();
  const state = drag(calipers.idle(Kind.AMPLITUDE), where, on(where, "I", 2.2), on(where, "aVR", 3.0));
  assert.ok(state.legs[1].seconds < 2.5);
});

test("legs never leave what is on view", () => {
  const where = ground();
  const state = drag(calipers.idle(), where, on(where, "V1", 6), { x: 9999, y: on(where, "V1", 6).y });
  assert.equal(state.legs[1].seconds, 4999 / 500);
});

test("beside all traces nothing begins", () => {
  const where = ground();
  assert.equal(calipers.down(calipers.idle(), where, { x: 3, y: 30 }, REACH).legs, null);
});

test("a lead that was not recorded cannot be measured", () => {
  const one = signal();
  one.status[1] = 0;
  one.leads[1].fill(INVALID);
  const where = ground({}, one);
  assert.equal(calipers.down(calipers.idle(), where, on(where, "II", 1), REACH).legs, null);
});

test("a leg can be taken up again", () => {
  const where = ground();
  let state = drag(calipers.idle(), where, on(where, "II", 1), on(where, "II", 1.8));
  state = drag(state, where, on(where, "II", 1.8), on(where, "II", 2));
  assert.ok(Math.abs(said(state, where).ms - 1000) < 1e-6);
});

test("the bar carries both legs and keeps their distance", () => {
  const where = ground();
  let state = drag(calipers.idle(), where, on(where, "II", 1), on(where, "II", 1.8));
  const bar = { ...on(where, "II", 1.4) };
  bar.y -= calipers.reachMm(where);
  state = drag(state, where, bar, { x: bar.x + 25, y: bar.y });
  assert.ok(Math.abs(state.legs[0].seconds - 2) < 1e-9);
  assert.ok(Math.abs(said(state, where).ms - 800) < 1e-6);
});

test("both legs together stop at the end without being squeezed", () => {
  const where = ground();
  let state = drag(calipers.idle(), where, on(where, "II", 8.5), on(where, "II", 9.3));
  const bar = { ...on(where, "II", 9) };
  bar.y -= calipers.reachMm(where);
  state = drag(state, where, bar, { x: bar.x + 100, y: bar.y });
  assert.ok(Math.abs(said(state, where).ms - 800) < 1e-6);
});

test("an arrow moves a leg by one sample, with Shift by a millimetre", () => {
  const where = ground();
  let state = calipers.place(calipers.idle(), where, where.sheet.cells.at(-1));
  const { ms } = said(state, where);
  state = calipers.nudge(state, where, 1, { right: 1 });
  assert.ok(Math.abs(said(state, where).ms - ms - 2) < 1e-6);
  state = calipers.nudge(state, where, 1, { right: 1, isCoarse: true });
  assert.ok(Math.abs(said(state, where).ms - ms - 42) < 1e-6);
});

test("an arrow up moves a leg of the voltage by a tenth of a millimetre", () => {
  const where = ground();
  const state = calipers.place(calipers.idle(Kind.AMPLITUDE), where, where.sheet.cells.at(-1));
  const moved = calipers.nudge(state, where, 1, { up: 1 });
  assert.ok(Math.abs(said(moved, where).mv - said(state, where).mv - 0.01) < 1e-9);
});

test("by key the calipers go to another lead at the same time", () => {
  const where = ground({ arrangement: "12x1" });
  const state = calipers.place(calipers.idle(), where, where.sheet.cells[0]);
  const moved = calipers.changeCell(state, where, 1);
  assert.equal(moved.cell.name, "II");
  assert.deepEqual(
    moved.legs.map(({ seconds }) => seconds),
    state.legs.map(({ seconds }) => seconds),
  );
});

test("by key the calipers come to a lead that shows other times too", () => {
  const where = ground();
  let state = calipers.place(calipers.idle(), where, where.sheet.cells[2]);
  state = calipers.changeCell(state, where, 1);
  assert.equal(state.cell.name, "aVR");
  assert.ok(state.legs.every(({ seconds }) => seconds >= 2.5 && seconds < 5));
});

test("marching repeats the interval over the whole row", () => {
  const where = ground();
  const state = drag(calipers.march(calipers.idle(), true), where, on(where, "II", 1), on(where, "II", 2));
  const rhythm = on(where, "II", 0).x;
  assert.deepEqual(
    calipers.marks(state, where).map((x) => Math.round(((x - rhythm) / 25) * 1000) / 1000),
    [0, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test("over several cycles the mean is told", () => {
  const where = ground();
  const state = calipers.countCycles(
    drag(calipers.idle(), where, on(where, "V5", 7.5), on(where, "V5", 9.9)),
    3,
  );
  assert.ok(Math.abs(said(state, where).ms - 800) < 1e-6);
  assert.equal(calipers.measurement(state, where, 2).n_cycles, 3);
});

test("marks too close to be a rhythm are not drawn", () => {
  const where = ground();
  const state = drag(calipers.idle(), where, on(where, "II", 1), on(where, "II", 1.01));
  assert.deepEqual(calipers.marks(state, where), []);
});

test("a measurement says what, where, from when to when and how much", () => {
  const where = ground();
  const state = drag(calipers.idle(), where, on(where, "V2", 6.2), on(where, "V2", 5.8));
  assert.deepEqual(calipers.measurement(state, where, 1), {
    kind: "interval",
    tracing: 1,
    lead: "V2",
    from_s: 5.8,
    to_s: 6.2,
    value: 400,
  });
});

test("the same sheet at another scale keeps the calipers, another arrangement does not", () => {
  const one = signal();
  const where = ground({}, one);
  assert.ok(where.isLaidOutLike(ground({}, one)));
  assert.ok(!where.isLaidOutLike(ground({ arrangement: "6x2" }, one)));
  assert.ok(!where.isLaidOutLike(ground({ gainMmPerMv: 20 }, one)));
  assert.ok(!where.isLaidOutLike(ground({ rhythm: ["V1"] }, one)));
  assert.ok(!where.isLaidOutLike(ground({}, signal())));
});
