import assert from "node:assert/strict";
import { test } from "node:test";

import { timeSpan, tracingsOf, waysFrom } from "../../static/js/desk/state/tracings.js";

const own = (position) => ({ position, href: `/own/${position}` });
const before = (position) => ({ position, href: `/before/${position}` });
const prior = { days_before: 412, tracings: [before(1)] };

test("the exam's own tracings come first, then those of the exam before", () => {
  assert.deepEqual(tracingsOf({ tracings: [own(1), own(2)], prior }), [
    { ...own(1), daysBefore: null },
    { ...own(2), daysBefore: null },
    { ...before(1), daysBefore: 412 },
  ]);
});

test("a study that hides the exam before leaves the exam's own", () => {
  assert.deepEqual(tracingsOf({ tracings: [own(1)], prior: null }), [{ ...own(1), daysBefore: null }]);
});

test("from the only tracing no key leads anywhere", () => {
  assert.deepEqual(waysFrom(tracingsOf({ tracings: [own(1)], prior: null }), "/own/1"), {
    next: null,
    other: null,
  });
});

test("the tracings of one exam go round, and the other exam is one key away", () => {
  const tracings = tracingsOf({ tracings: [own(1), own(2)], prior });
  assert.deepEqual(waysFrom(tracings, "/own/1"), { next: "/own/2", other: "/before/1" });
  assert.deepEqual(waysFrom(tracings, "/own/2"), { next: "/own/1", other: "/before/1" });
  assert.deepEqual(waysFrom(tracings, "/before/1"), { next: null, other: "/own/1" });
});

test("while another exam's sheet is still on view no key leads anywhere", () => {
  assert.deepEqual(waysFrom(tracingsOf({ tracings: [own(1)], prior }), "/elsewhere"), {
    next: null,
    other: null,
  });
});

test("an exam of the same patient hours before is none: days are at least one", () => {
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
  test(`${days} days are ${english}`, () => {
    assert.equal(timeSpan(days, "en"), english);
    assert.equal(timeSpan(days, "pt-BR"), portuguese);
  });
}
