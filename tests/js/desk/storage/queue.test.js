import assert from "node:assert/strict";
import { test } from "node:test";

import { Queue } from "../../../../static/js/desk/storage/queue.js";

function assignment(id, next) {
  return { id, next, exam: { tracings: [{ position: 1, href: `/tracings/${id}` }] } };
}

/** A queue of five exams that counts its fetches. */
function queueOfFive() {
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

test("the next three exams are loaded ahead", async () => {
  const { queue } = queueOfFive();
  await queue.loadAhead(assignment(1, 2), async () => {});
  assert.deepEqual(
    [2, 3, 4, 5].map((id) => queue.ready(id) !== null),
    [true, true, true, false],
  );
});

test("only the next exam is drawn ahead", async () => {
  const { queue } = queueOfFive();
  const drawn = [];
  await queue.loadAhead(assignment(1, 2), async (next) => drawn.push(next.id));
  assert.deepEqual(drawn, [2]);
});

test("nothing is fetched twice", async () => {
  const { queue, fetched } = queueOfFive();
  await queue.loadAhead(assignment(1, 2), async () => {});
  await queue.loadAhead(assignment(1, 2), async () => {});
  assert.equal(new Set(fetched).size, fetched.length);
});

test("concurrent requests for the same exam share one fetch", async () => {
  const { queue, fetched } = queueOfFive();
  await Promise.all([
    queue.loadAhead(assignment(1, 2), async () => {}),
    queue.loadAhead(assignment(1, 2), async () => {}),
    queue.assignment(2),
  ]);
  assert.equal(new Set(fetched).size, fetched.length);
});

test("a failed request is retried", async () => {
  let tries = 0;
  const queue = new Queue({
    loadAssignment: async () => {
      tries += 1;
      throw new Error("no connection");
    },
  });
  await assert.rejects(queue.assignment(2));
  await assert.rejects(queue.assignment(2));
  assert.equal(tries, 2);
});

test("an exam whose reading was retracted may be read again", () => {
  const { queue } = queueOfFive();
  queue.finish(2);
  queue.forget(2);
  assert.equal(queue.after(assignment(1, 2)), 2);
});

test("a submitted exam never comes next", async () => {
  const { queue } = queueOfFive();
  queue.finish(2);
  assert.equal(queue.after(assignment(1, 2)), null);
});

test("recognizes the end of the queue", () => {
  assert.equal(queueOfFive().queue.after(assignment(5, null)), null);
});

test("the previous exam is loaded only where its reader may compare", async () => {
  const { queue, fetched } = queueOfFive();
  const compared = assignment(1, 2);
  await queue.loadPreviousExam({ ...compared, exam: { ...compared.exam, prior: null } });
  assert.deepEqual(fetched, []);
  await queue.loadPreviousExam({
    ...compared,
    exam: { ...compared.exam, prior: { days_before: 3, tracings: [{ position: 1, href: "/prior" }] } },
  });
  assert.deepEqual(fetched, ["/prior"]);
});
