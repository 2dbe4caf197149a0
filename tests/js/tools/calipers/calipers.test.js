import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange } from "../../../../static/js/ecg/layout.js";
import { INVALID, LEADS } from "../../../../static/js/ecg/signal.js";
import * as calipers from "../../../../static/js/tools/calipers/calipers.js";
import { SheetCoordinates } from "../../../../static/js/tools/sheet_coordinates.js";

const { Kind } = calipers;
const REACH = 2;

/** Ten seconds at 500 Hz; each lead is flat except for a 1 mV triangle every second. */
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

function sheetCoordinates(options = {}, ecg = signal()) {
  return new SheetCoordinates(arrange({ durationS: ecg.nSamples / ecg.samplingRateHz, ...options }), ecg);
}

/** The position of `seconds` on the baseline of the cell called `name`. */
function on(coordinates, name, seconds, millivolts = 0) {
  const cell = coordinates.sheet.cells.find(
    (candidate) => candidate.name === name && seconds >= candidate.startS && seconds < candidate.endS,
  );
  return coordinates.placeOf(cell, seconds, millivolts);
}

function drag(state, coordinates, from, to) {
  const held = calipers.down(state, coordinates, from, REACH);
  return calipers.up(calipers.move(held, coordinates, to), { isClick: false });
}

const measured = (state, coordinates) => calipers.reading(state, coordinates);

test("dragging measures an interval in milliseconds and beats per minute", () => {
  const coordinates = sheetCoordinates();
  const state = drag(calipers.idle(), coordinates, on(coordinates, "II", 1), on(coordinates, "II", 1.8));
  assert.ok(Math.abs(measured(state, coordinates).ms - 800) < 1e-6);
  assert.ok(Math.abs(measured(state, coordinates).perMinute - 75) < 1e-6);
});

test("two clicks measure the same as dragging", () => {
  const coordinates = sheetCoordinates();
  let state = calipers.down(calipers.idle(), coordinates, on(coordinates, "II", 1), REACH);
  state = calipers.up(state, { isClick: true });
  state = calipers.move(state, coordinates, on(coordinates, "II", 1.4));
  state = calipers.down(state, coordinates, on(coordinates, "II", 1.8), REACH);
  state = calipers.up(state, { isClick: true });
  assert.equal(state.hand, null);
  assert.ok(Math.abs(measured(state, coordinates).ms - 800) < 1e-6);
});

for (const options of [
  {},
  { arrangement: "6x2" },
  { arrangement: "12x1" },
  { speedMmPerS: 50 },
  { order: "cabrera" },
]) {
  test(`an interval is the same on the sheet ${JSON.stringify(options)}`, () => {
    const coordinates = sheetCoordinates(options);
    const from = coordinates.sheet.window.endS - 1;
    const state = drag(
      calipers.idle(),
      coordinates,
      on(coordinates, "V6", from),
      on(coordinates, "V6", from + 0.6),
    );
    assert.ok(Math.abs(measured(state, coordinates).ms - 600) < 1e-6);
  });
}

for (const rate of [100, 300, 1000]) {
  test(`legs snap to samples at ${rate} Hz`, () => {
    const coordinates = sheetCoordinates({}, signal({ rate }));
    const state = drag(
      calipers.idle(),
      coordinates,
      on(coordinates, "II", 1.00123),
      on(coordinates, "II", 1.80456),
    );
    for (const { seconds } of state.legs)
      assert.ok(Math.abs(seconds * rate - Math.round(seconds * rate)) < 1e-9);
  });
}

test("dragging from the baseline to the R peak measures the R amplitude", () => {
  const coordinates = sheetCoordinates();
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    on(coordinates, "II", 1.5),
    on(coordinates, "II", 1.5, 1),
  );
  assert.ok(Math.abs(measured(state, coordinates).mv - 1) < 1e-9);
  assert.ok(Math.abs(measured(state, coordinates).mm - 10) < 1e-9);
  assert.deepEqual(
    state.legs.map(({ seconds }) => seconds),
    [1.5, 1.5],
  );
});

for (const [place, name, put, leg] of [
  ["at a peak", "II", [1.54, 1.06], [1.5, 1]],
  ["on the baseline", "II", [1.1, 0.08], [1.1, 0]],
  ["where it was placed, far from any trace", "II", [1.1, 0.6], [1.1, 0.6]],
  ["where it was placed, beside a peak but too far from it", "II", [1.5, 1.3], [1.5, 1.3]],
  ["at a nadir of a lead drawn upside down", "aVR", [1.48, -0.95], [1.5, -1]],
]) {
  test(`a voltage leg rests ${place}`, () => {
    const coordinates = sheetCoordinates({ order: name === "aVR" ? "cabrera" : "standard" });
    const cell = coordinates.sheet.cells.find(
      ({ lead, endS }) => lead === LEADS.indexOf(name) && put[0] < endS,
    );
    const { legs } = calipers.down(
      calipers.idle(Kind.AMPLITUDE),
      coordinates,
      coordinates.placeOf(cell, ...put),
      REACH,
    );
    const [{ seconds, millivolts }] = legs;
    assert.ok(
      Math.abs(seconds - leg[0]) < 1e-9 && Math.abs(millivolts - leg[1]) < 1e-9,
      `${seconds} s, ${millivolts} mV`,
    );
  });
}

test("a voltage leg rests at the J point of an elevated ST segment", () => {
  const ecg = signal();
  for (const lead of ecg.leads) {
    lead.forEach(
      (value, t) => (lead[t] = t % 500 < 250 ? value : Math.max(value, Math.min(300, 2 * (500 - (t % 500))))),
    );
  }
  const coordinates = sheetCoordinates({}, ecg);
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    on(coordinates, "II", 1.4, 0.02),
    on(coordinates, "II", 1.545, 0.36),
  );
  assert.ok(Math.abs(state.legs[1].seconds - 1.528) <= 0.004, `${state.legs[1].seconds} s`);
  assert.ok(Math.abs(measured(state, coordinates).mv - 0.3) < 0.05);
});

test("a wandering baseline is taken near the leg", () => {
  const ecg = signal();
  ecg.leads[1].forEach((value, t) => (ecg.leads[1][t] = value + (t > 3500 ? 400 : 0)));
  const coordinates = sheetCoordinates({}, ecg);
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    on(coordinates, "II", 8.2, 0.45),
    on(coordinates, "II", 8.5, 1.42),
  );
  assert.ok(Math.abs(measured(state, coordinates).mv - 1) < 1e-9);
});

test("an amplitude in an inverted lead has the lead's own sign", () => {
  const coordinates = sheetCoordinates({ order: "cabrera" });
  const cell = coordinates.sheet.cells.find(({ sign }) => sign === -1);
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    coordinates.placeOf(cell, cell.startS + 0.2),
    coordinates.placeOf(cell, cell.startS + 0.5, -1),
  );
  assert.ok(Math.abs(measured(state, coordinates).mv - 1) < 1e-9);
  assert.equal(calipers.measurement(state, coordinates, 1).lead, "aVR");
});

test("a voltage that starts at the peak of a tall wave belongs to that wave, not to the row above", () => {
  const ecg = signal();
  ecg.leads[1].forEach((value, t) => (ecg.leads[1][t] = 3 * value));
  const coordinates = sheetCoordinates({}, ecg);
  const rhythm = coordinates.sheet.cells.at(-1);
  const state = calipers.down(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    coordinates.placeOf(rhythm, 1.5, 3),
    REACH,
  );
  assert.equal(state.cell, rhythm);
});

test("voltage legs can be grabbed anywhere, and the bar moves both", () => {
  const coordinates = sheetCoordinates();
  let state = drag(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    on(coordinates, "II", 1.2, 0.7),
    on(coordinates, "II", 1.2, 2.2),
  );
  state = drag(state, coordinates, on(coordinates, "II", 1.2, 2.2), on(coordinates, "II", 1.2, 1.7));
  assert.ok(Math.abs(measured(state, coordinates).mv - 1) < 1e-9);
  const bar = on(coordinates, "II", 1.2, 1.2);
  state = drag(state, coordinates, { x: bar.x + 2.5, y: bar.y }, { x: bar.x + 2.5, y: bar.y + 4 });
  assert.ok(Math.abs(measured(state, coordinates).mv - 1) < 1e-9);
  assert.ok(Math.abs(state.legs[0].millivolts - 0.3) < 1e-9);
});

test("0.00 mV or 0 ms is not a measurement", () => {
  const coordinates = sheetCoordinates();
  const clicked = (kind) =>
    calipers.down(calipers.idle(kind), coordinates, on(coordinates, "II", 1.2), REACH);
  assert.ok(calipers.isNothing(clicked(Kind.AMPLITUDE), coordinates));
  assert.ok(calipers.isNothing(clicked(Kind.INTERVAL), coordinates));
  assert.ok(
    !calipers.isNothing(calipers.nudge(clicked(Kind.AMPLITUDE), coordinates, 1, { up: 1 }), coordinates),
  );
  assert.ok(
    !calipers.isNothing(calipers.nudge(clicked(Kind.INTERVAL), coordinates, 1, { right: 1 }), coordinates),
  );
});

test("by key, a leg on the trace follows it and a raised leg keeps its height", () => {
  const coordinates = sheetCoordinates();
  let state = drag(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    on(coordinates, "II", 1.5, 1),
    on(coordinates, "II", 1.2, 0.7),
  );
  state = calipers.nudge(calipers.nudge(state, coordinates, 0, { right: 1 }), coordinates, 1, { right: 1 });
  assert.deepEqual(
    state.legs.map(({ millivolts }) => Math.round(millivolts * 1000)),
    [950, 700],
  );
});

test("an interval extends into the next column of its row", () => {
  const coordinates = sheetCoordinates();
  const state = drag(calipers.idle(), coordinates, on(coordinates, "I", 2.2), on(coordinates, "aVR", 3.0));
  assert.ok(Math.abs(measured(state, coordinates).ms - 800) < 1e-6);
});

test("an amplitude does not extend into another lead", () => {
  const coordinates = sheetCoordinates();
  const state = drag(
    calipers.idle(Kind.AMPLITUDE),
    coordinates,
    on(coordinates, "I", 2.2),
    on(coordinates, "aVR", 3.0),
  );
  assert.ok(state.legs[1].seconds < 2.5);
});

test("legs stay within the visible time window", () => {
  const coordinates = sheetCoordinates();
  const state = drag(calipers.idle(), coordinates, on(coordinates, "V1", 6), {
    x: 9999,
    y: on(coordinates, "V1", 6).y,
  });
  assert.equal(state.legs[1].seconds, 4999 / 500);
});

test("a measurement cannot start outside all traces", () => {
  const coordinates = sheetCoordinates();
  assert.equal(calipers.down(calipers.idle(), coordinates, { x: 3, y: 30 }, REACH).legs, null);
});

test("a lead that was not recorded cannot be measured", () => {
  const ecg = signal();
  ecg.status[1] = 0;
  ecg.leads[1].fill(INVALID);
  const coordinates = sheetCoordinates({}, ecg);
  assert.equal(calipers.down(calipers.idle(), coordinates, on(coordinates, "II", 1), REACH).legs, null);
});

test("a leg can be grabbed again", () => {
  const coordinates = sheetCoordinates();
  let state = drag(calipers.idle(), coordinates, on(coordinates, "II", 1), on(coordinates, "II", 1.8));
  state = drag(state, coordinates, on(coordinates, "II", 1.8), on(coordinates, "II", 2));
  assert.ok(Math.abs(measured(state, coordinates).ms - 1000) < 1e-6);
});

test("the bar moves both legs and keeps their distance", () => {
  const coordinates = sheetCoordinates();
  let state = drag(calipers.idle(), coordinates, on(coordinates, "II", 1), on(coordinates, "II", 1.8));
  const bar = { ...on(coordinates, "II", 1.4) };
  bar.y -= calipers.reachMm(coordinates);
  state = drag(state, coordinates, bar, { x: bar.x + 25, y: bar.y });
  assert.ok(Math.abs(state.legs[0].seconds - 2) < 1e-9);
  assert.ok(Math.abs(measured(state, coordinates).ms - 800) < 1e-6);
});

test("both legs together stop at the end and keep their distance", () => {
  const coordinates = sheetCoordinates();
  let state = drag(calipers.idle(), coordinates, on(coordinates, "II", 8.5), on(coordinates, "II", 9.3));
  const bar = { ...on(coordinates, "II", 9) };
  bar.y -= calipers.reachMm(coordinates);
  state = drag(state, coordinates, bar, { x: bar.x + 100, y: bar.y });
  assert.ok(Math.abs(measured(state, coordinates).ms - 800) < 1e-6);
});

test("an arrow key moves a leg by one sample, with Shift by one millimeter", () => {
  const coordinates = sheetCoordinates();
  let state = calipers.place(calipers.idle(), coordinates, coordinates.sheet.cells.at(-1));
  const { ms } = measured(state, coordinates);
  state = calipers.nudge(state, coordinates, 1, { right: 1 });
  assert.ok(Math.abs(measured(state, coordinates).ms - ms - 2) < 1e-6);
  state = calipers.nudge(state, coordinates, 1, { right: 1, isCoarse: true });
  assert.ok(Math.abs(measured(state, coordinates).ms - ms - 42) < 1e-6);
});

test("an up arrow moves a voltage leg by a tenth of a millimeter", () => {
  const coordinates = sheetCoordinates();
  const state = calipers.place(calipers.idle(Kind.AMPLITUDE), coordinates, coordinates.sheet.cells.at(-1));
  const moved = calipers.nudge(state, coordinates, 1, { up: 1 });
  assert.ok(Math.abs(measured(moved, coordinates).mv - measured(state, coordinates).mv - 0.01) < 1e-9);
});

test("by key the calipers move to another lead at the same time", () => {
  const coordinates = sheetCoordinates({ arrangement: "12x1" });
  const state = calipers.place(calipers.idle(), coordinates, coordinates.sheet.cells[0]);
  const moved = calipers.changeCell(state, coordinates, 1);
  assert.equal(moved.cell.name, "II");
  assert.deepEqual(
    moved.legs.map(({ seconds }) => seconds),
    state.legs.map(({ seconds }) => seconds),
  );
});

test("by key the calipers also reach a lead that shows other times", () => {
  const coordinates = sheetCoordinates();
  let state = calipers.place(calipers.idle(), coordinates, coordinates.sheet.cells[2]);
  state = calipers.changeCell(state, coordinates, 1);
  assert.equal(state.cell.name, "aVR");
  assert.ok(state.legs.every(({ seconds }) => seconds >= 2.5 && seconds < 5));
});

test("marching repeats the interval along the whole row", () => {
  const coordinates = sheetCoordinates();
  const state = drag(
    calipers.march(calipers.idle(), true),
    coordinates,
    on(coordinates, "II", 1),
    on(coordinates, "II", 2),
  );
  const rhythm = on(coordinates, "II", 0).x;
  assert.deepEqual(
    calipers.marks(state, coordinates).map((x) => Math.round(((x - rhythm) / 25) * 1000) / 1000),
    [0, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test("over several cycles the readout is the mean", () => {
  const coordinates = sheetCoordinates();
  const state = calipers.countCycles(
    drag(calipers.idle(), coordinates, on(coordinates, "V5", 7.5), on(coordinates, "V5", 9.9)),
    3,
  );
  assert.ok(Math.abs(measured(state, coordinates).ms - 800) < 1e-6);
  assert.equal(calipers.measurement(state, coordinates, 2).n_cycles, 3);
});

test("marks too close to be a rhythm are not drawn", () => {
  const coordinates = sheetCoordinates();
  const state = drag(calipers.idle(), coordinates, on(coordinates, "II", 1), on(coordinates, "II", 1.01));
  assert.deepEqual(calipers.marks(state, coordinates), []);
});

test("a measurement has kind, lead, time span and value", () => {
  const coordinates = sheetCoordinates();
  const state = drag(calipers.idle(), coordinates, on(coordinates, "V2", 6.2), on(coordinates, "V2", 5.8));
  assert.deepEqual(calipers.measurement(state, coordinates, 1), {
    kind: "interval",
    tracing: 1,
    lead: "V2",
    from_s: 5.8,
    to_s: 6.2,
    value: 400,
  });
});

test("the calipers survive a change of scale, but not of arrangement", () => {
  const ecg = signal();
  const coordinates = sheetCoordinates({}, ecg);
  assert.ok(coordinates.isLaidOutLike(sheetCoordinates({}, ecg)));
  assert.ok(!coordinates.isLaidOutLike(sheetCoordinates({ arrangement: "6x2" }, ecg)));
  assert.ok(!coordinates.isLaidOutLike(sheetCoordinates({ gainMmPerMv: 20 }, ecg)));
  assert.ok(!coordinates.isLaidOutLike(sheetCoordinates({ rhythm: ["V1"] }, ecg)));
  assert.ok(!coordinates.isLaidOutLike(sheetCoordinates({}, signal())));
});
