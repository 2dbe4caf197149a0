import assert from "node:assert/strict";
import { test } from "node:test";

import { Envelope } from "../../../static/js/ecg/envelope.js";
import { GAINS_MM_PER_MV, ORDERS, RHYTHMS, SPEEDS_MM_PER_S, arrange } from "../../../static/js/ecg/layout.js";
import { figure } from "../../../static/js/ecg/sheet.js";

const WORDS = { missing: "not recorded", flat: "flat", derived: "derived" };

/** An ECG at 75 beats per minute with R waves of `tallMv` and S waves half as deep. */
function signal({ tallMv = 1, rate = 500, phaseS = 0 } = {}) {
  const lead = (_, row) => {
    const samples = new Int16Array(rate * 10);
    for (let t = 0; t < samples.length; t += 1) {
      const sinceBeat = (t / rate + phaseS) % 0.8;
      const wave = (at, width) => Math.max(0, 1 - Math.abs(sinceBeat - at) / width);
      samples[t] = Math.round(
        1000 * tallMv * (0.7 + row / 24) * (wave(0.2, 0.02) - 0.5 * wave(0.24, 0.02)) +
          200 * wave(0.45, 0.08),
      );
    }
    return samples;
  };
  return {
    samplingRateHz: rate,
    microvoltsPerLsb: 1,
    nSamples: rate * 10,
    status: new Uint8Array(12).fill(1),
    leads: Array.from({ length: 12 }, lead),
  };
}

function draw(ecg, options = {}, pxPerMm = 4) {
  const sheet = arrange({ durationS: 10, ...options });
  const { data, layout } = figure(ecg, sheet, pxPerMm, WORDS);
  const traceOf = (uid) => data.find((trace) => trace.uid === uid);
  return {
    sheet,
    names: traceOf("names"),
    ticks: ticksOf(layout),
    lines: data.filter(({ uid }) => uid.startsWith("lead-")),
    pxPerMm,
  };
}

/** The ticks as `{x, low, high}`. */
function ticksOf({ shapes }) {
  const all = shapes.flatMap(({ path }) => path.split("M").slice(1));
  return all.map((path) => {
    const [[x, from], [, to]] = path.split("L").map((end) => end.split(",").map(Number));
    return { x, low: Math.min(from, to), high: Math.max(from, to) };
  });
}

/** The boxes of the names' letters, without margin. */
function boxes({ names, pxPerMm }) {
  return names.text.map((text, i) => {
    const height = names.textfont.size[i] / pxPerMm;
    const [x, y] = [names.x[i], names.y[i]];
    return { text, x0: x, x1: x + text.length * 0.6 * height, y0: y - 0.36 * height, y1: y + 0.36 * height };
  });
}

/** The names that a wave touches at any sample. */
function touched(drawing) {
  return boxes(drawing)
    .filter(({ x0, x1, y0, y1 }) =>
      drawing.lines.some((line) =>
        line.y.some((y, i) => {
          const x = line.x0 + i * line.dx;
          const before = i > 0 ? line.y[i - 1] : y;
          return x >= x0 && x <= x1 && Math.max(y, before) >= y0 && Math.min(y, before) <= y1;
        }),
      ),
    )
    .map(({ text }) => text);
}

const layouts = [
  ...RHYTHMS.map((rhythm) => ({ arrangement: "3x4", rhythm })),
  { arrangement: "6x2" },
  { arrangement: "12x1" },
];

for (const layout of layouts) {
  for (const order of Object.keys(ORDERS)) {
    const name = `${layout.arrangement} [${layout.rhythm ?? ""}] in ${order} order`;
    test(`no name of ${name} touches a wave of 1 mV`, () => {
      for (const phaseS of [0, 0.1, 0.15, 0.19, 0.25, 0.4]) {
        assert.deepEqual(touched(draw(signal({ phaseS }), { ...layout, order })), []);
      }
    });
  }
}

test("no name touches R waves of 2.5 mV early in a column", () => {
  for (const phaseS of [0, 0.1, 0.15, 0.19, 0.25, 0.4]) {
    assert.deepEqual(touched(draw(signal({ tallMv: 2.5, phaseS }))), []);
  }
});

test("no name touches a wave at any speed or gain on 3x4", () => {
  for (const speedMmPerS of SPEEDS_MM_PER_S) {
    for (const gainMmPerMv of GAINS_MM_PER_MV) {
      assert.deepEqual(
        touched(draw(signal({ phaseS: 0.15 }), { speedMmPerS, gainMmPerMv })),
        [],
        `${speedMmPerS} ${gainMmPerMv}`,
      );
    }
  }
});

test("no two names overlap", () => {
  for (const layout of layouts) {
    const all = boxes(draw(signal(), layout));
    const clashes = all.filter((box, i) =>
      all
        .slice(i + 1)
        .some((other) => box.x0 < other.x1 && other.x0 < box.x1 && box.y0 < other.y1 && other.y0 < box.y1),
    );
    assert.deepEqual(clashes, []);
  }
});

test("every name is on the paper", () => {
  for (const layout of layouts) {
    const drawing = draw(signal({ tallMv: 3 }), layout);
    const { widthMm, heightMm } = drawing.sheet;
    assert.ok(
      boxes(drawing).every(({ x0, x1, y0, y1 }) => x0 >= 0 && x1 <= widthMm && y0 >= 0 && y1 <= heightMm),
    );
  }
});

test("on a flat ECG every name has the same height above its baseline", () => {
  const flat = { ...signal(), leads: signal().leads.map((lead) => lead.fill(0)) };
  const { names, sheet } = draw(flat);
  assert.equal(new Set(sheet.cells.map(({ baselineMm }, i) => (names.y[i] - baselineMm).toFixed(6))).size, 1);
});

test("in close rows names are in the gutter, with their notes below", () => {
  const ecg = signal();
  ecg.status[8] = 2;
  const { names } = draw(ecg, { arrangement: "12x1" });
  const derived = names.text.indexOf("derived");
  assert.ok(names.x.every((x) => x < 15));
  assert.ok(names.y[derived] < names.y[names.text.indexOf("V3")]);
});

test("ticks above and below mark each border between two leads of a row", () => {
  const { ticks } = draw(signal());
  assert.equal(ticks.length, 3 * 3 * 2);
});

test("a tick never lies on a QRS at the border", () => {
  for (const phaseS of [0, 0.05, 0.1, 0.15, 0.2, 0.24, 0.3]) {
    const { ticks, lines } = draw(signal({ tallMv: 2, phaseS }));
    for (const { x, low, high } of ticks) {
      const isCrossed = lines.some((line) =>
        line.y.some((y, i) => Math.abs(line.x0 + i * line.dx - x) < 0.3 && y >= low && y <= high),
      );
      assert.ok(!isCrossed, `phase ${phaseS}, x ${x}`);
    }
  }
});

test("rows of one lead have no border to mark", () => {
  assert.equal(draw(signal(), { arrangement: "12x1" }).ticks.length, 0);
});

test("an envelope includes the stroke between two distant samples", () => {
  const envelope = new Envelope();
  envelope.addSamples({ x0: 0, dx: 4, y: [0, 10] });
  assert.ok(envelope.crossings({ x0: 2, x1: 2.4, y0: 4, y1: 6 }) > 0);
});

test("an envelope keeps a gap free", () => {
  const envelope = new Envelope();
  envelope.addSamples({ x0: 0, dx: 1, y: [0, NaN, NaN, NaN, 0] });
  assert.equal(envelope.crossings({ x0: 1.6, x1: 2.4, y0: -1, y1: 1 }), 0);
});
