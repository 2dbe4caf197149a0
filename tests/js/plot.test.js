import assert from "node:assert/strict";
import test from "node:test";

import { separatorsOf } from "../../static/js/plot.js";

test("chart numbers follow the language of the page", () => {
  assert.equal(separatorsOf("en"), ".,");
  assert.equal(separatorsOf("pt-br"), ",.");
});
