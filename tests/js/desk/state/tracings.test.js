import assert from "node:assert/strict";
import { test } from "node:test";

import { keyTargets, timeSpan, tracingsOf } from "../../../../static/js/desk/state/tracings.js";

const own = (position) => ({ position, href: `/own/${position}` });
const before = (position) => ({ position, href: `/before/${position}` });
const prior = { days_before: 412, tracings: [before(1)] };

test("the exam's own tracings come first, then those of the previous exam", () => {
  assert.deepEqual(tracingsOf({ tracings: [own(1), own(2)], prior }), [
    { ...own(1), daysBefore: null },
    { ...own(2), daysBefore: null },
    { ...before(1), daysBefore: 412 },
  ]);
});

test("without a previous exam only the exam's own tracings are listed", () => {
  assert.deepEqual(tracingsOf({ tracings: [own(1)], prior: null }), [{ ...own(1), daysBefore: null }]);
});

test("a single tracing has no key targets", () => {
  assert.deepEqual(keyTargets(tracingsOf({ tracings: [own(1)], prior: null }), "/own/1"), {
    next: null,
    other: null,
  });
});

test("one key cycles through the exam's tracings, another switches the exam", () => {
  const tracings = tracingsOf({ tracings: [own(1), own(2)], prior });
  assert.deepEqual(keyTargets(tracings, "/own/1"), { next: "/own/2", other: "/before/1" });
  assert.deepEqual(keyTargets(tracings, "/own/2"), { next: "/own/1", other: "/before/1" });
  assert.deepEqual(keyTargets(tracings, "/before/1"), { next: null, other: "/own/1" });
});

test("there are no key targets while another exam's sheet is shown", () => {
  assert.deepEqual(keyTargets(tracingsOf({ tracings: [own(1)], prior }), "/elsewhere"), {
    next: null,
    other: null,
  });
});

test("a previous exam is at least one day older", () => {
  assert.equal(timeSpan(1, "en"), "1 day");
});

for (const [days, english, portuguese] of [
  [90, "90 days", "90 dias"],
  [91, "3 months", "3 meses"],
  [412, "14 months", "14 meses"],
  [745, "24 months", "24 meses"],
  [760, "2.1 years", "2,1 anos"],
  [3653, "10 years", "10 anos"],
]) {
  test(`${days} days are shown as ${english}`, () => {
    assert.equal(timeSpan(days, "en"), english);
    assert.equal(timeSpan(days, "pt-BR"), portuguese);
  });
}
