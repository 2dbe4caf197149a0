import assert from "node:assert/strict";
import { test } from "node:test";

import { Queue } from "../../static/js/desk/storage/queue.js";

function assignment(id, next) {
  return { id, next, exam: { tracings: [{ position: 1, href: `/tracings/${id}` }] } };
}

/** A queue of five exams that counts what it fetches. */
function five() {
  const fetched = [];
  const queue = new Queue({
    loadAssignment: async (id) => {
      fetched.push(`assignment ${id}`);
      return assignment(id, id < 5 ? id + 1 : null);
    },
    loadTracing: async (href) => {
      fetched.push(href);
      return new ArrayBuffer(1);
    },
    decode: (buffer) => buffer,
  });
  return { queue, fetched };
}

test("the next three are loaded ahead", async () => {
  const { queue } = five();
  await queue.loadAhead(assignment(1, 2), async () => {});
  assert.deepEqual(
    [2, 3, 4, 5].map((id) => queue.ready(id) !== null),
    [true, true, true, false],
  );
});

test("only the very next is drawn ahead", async () => {
  const { queue } = five();
  const drawn = [];
  await queue.loadAhead(assignment(1, 2), async (next) => drawn.push(next.id));
  assert.deepEqual(drawn, [2]);
});

test("nothing is fetched twice", async () => {
  const { queue, fetched } = five();
  await queue.loadAhead(assignment(1, 2), async () => {});
  await queue.loadAhead(assignment(1, 2), async () => {});
  assert.equal(new Set(fetched).size, fetched.length);
});

test("what is on its way is waited for, not asked for again", async () => {
  const { queue, fetched } = five();
  await Promise.all([
    queue.loadAhead(assignment(1, 2), async () => {}),
    queue.loadAhead(assignment(1, 2), async () => {}),
    queue.assignment(2),
  ]);
  assert.equal(new Set(fetched).size, fetched.length);
});

test("what failed is asked for again", async () => {
  let tries = 0;
  const queue = new Queue({
    loadAssignment: async () => {
      tries += 1;
      throw new Error("the cable is out");
    },
  });
  await assert.rejects(queue.assignment(2));
  await assert.rejects(queue.assignment(2));
  assert.equal(tries, 2);
});

test("what was taken back may be read again", () => {
  const { queue } = five();
  queue.finish(2);
  queue.forget(2);
  assert.equal(queue.after(assignment(1, 2)), 2);
});

test("a submitted exam never comes next", async () => {
  const { queue } = five();
  queue.finish(2);
  assert.equal(queue.after(assignment(1, 2)), null);
});

test("the end of the queue is known", () => {
  assert.equal(five().queue.after(assignment(5, null)), null);
});

test("the exam before is loaded where its reader may compare, and asked for nowhere else", async () => {
  const { queue, fetched } = five();
  const compared = assignment(1, 2);
  await queue.loadPrior({ ...compared, exam: { ...compared.exam, prior: null } });
  assert.deepEqual(fetched, []);
  await queue.loadPrior({
    ...compared,
    exam: { ...compared.exam, prior: { days_before: 3, tracings: [{ position: 1, href: "/prior" }] } },
  });
  assert.deepEqual(fetched, ["/prior"]);
});
