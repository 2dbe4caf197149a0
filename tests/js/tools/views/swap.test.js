import assert from "node:assert/strict";
import { test } from "node:test";

import { INVALID, LEADS } from "../../../../static/js/ecg/signal.js";
import { SWAPS, swapped } from "../../../../static/js/tools/views/swap.js";

const HEART = { RA: -260, LA: 340, LL: 940, V1: -500, V2: 700, V3: 1100, V4: 1400, V5: 1000, V6: 600 };

/** The twelve leads of electrodes at these potentials; doubled, so that Goldberger's halves are integers. */
function recordingOf(potentials) {
  const center = (potentials.RA + potentials.LA + potentials.LL) / 3;
  const values = {
    I: potentials.LA - potentials.RA,
    II: potentials.LL - potentials.RA,
    III: potentials.LL - potentials.LA,
    aVR: potentials.RA - (potentials.LA + potentials.LL) / 2,
    aVL: potentials.LA - (potentials.RA + potentials.LL) / 2,
    aVF: potentials.LL - (potentials.RA + potentials.LA) / 2,
  };
  for (const chest of ["V1", "V2", "V3", "V4", "V5", "V6"]) values[chest] = potentials[chest] - center;
  return {
    samplingRateHz: 500,
    microvoltsPerLsb: 1,
    nSamples: 1,
    status: new Uint8Array(12).fill(1),
    leads: LEADS.map((lead) => Int16Array.of(Math.round(values[lead]))),
  };
}

for (const [name, places] of Object.entries(SWAPS)) {
  test(`${name} matches what the exchanged electrodes would have recorded`, () => {
    const exchanged = Object.fromEntries(
      Object.keys(HEART).map((electrode) => [electrode, HEART[places[electrode] ?? electrode]]),
    );
    assert.deepEqual(swapped(recordingOf(HEART), name).leads, recordingOf(exchanged).leads);
  });
}

test("exchanging two electrodes twice restores the signal", () => {
  const signal = recordingOf(HEART);
  assert.deepEqual(swapped(swapped(signal, "ra-ll"), "ra-ll").leads, signal.leads);
});

test("rotating three electrodes back restores the signal", () => {
  const signal = recordingOf(HEART);
  assert.deepEqual(swapped(swapped(signal, "ra-la-ll"), "ra-ll-la").leads, signal.leads);
});

test("a sample without a value stays without one when inverted", () => {
  const signal = recordingOf(HEART);
  signal.leads[0][0] = INVALID;
  assert.equal(swapped(signal, "ra-la").leads[0][0], INVALID);
});

test("the missing status moves with the lead", () => {
  const signal = recordingOf(HEART);
  signal.status[LEADS.indexOf("V1")] = 0;
  assert.deepEqual([...swapped(signal, "v1-v2").status].slice(6, 8), [1, 0]);
});

test("an unknown exchange is refused", () => {
  assert.throws(() => swapped(recordingOf(HEART), "v1-v6"), RangeError);
});
