import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BadPacket, decode } from "../../../static/js/ecg/signal.js";

const golden = JSON.parse(readFileSync(new URL("../fixtures/wire_golden.json", import.meta.url)));

function packet() {
  return Uint8Array.from(Buffer.from(golden.inflated, "base64")).buffer;
}

test("the server's golden packet is decoded bit for bit", () => {
  const signal = decode(packet());
  assert.deepEqual(
    signal.leads.map((lead) => [...lead]),
    golden.leads,
  );
});

test("decodes rate, unit and lead status", () => {
  const { samplingRateHz, microvoltsPerLsb, nSamples, status } = decode(packet());
  assert.deepEqual(
    { samplingRateHz, microvoltsPerLsb, nSamples, status: [...status] },
    {
      samplingRateHz: golden.samplingRateHz,
      microvoltsPerLsb: golden.microvoltsPerLsb,
      nSamples: golden.nSamples,
      status: golden.status,
    },
  );
});

test("a truncated packet is refused", () => {
  assert.throws(() => decode(packet().slice(0, -1)), BadPacket);
});

test("a packet too short for its header is refused", () => {
  assert.throws(() => decode(new ArrayBuffer(35)), BadPacket);
});

test("a packet with the wrong first byte is refused", () => {
  const bytes = new Uint8Array(packet());
  bytes[0] = 0x50;
  assert.throws(() => decode(bytes.buffer), BadPacket);
});
