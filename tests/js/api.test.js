import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Refused, SignedOut, Unreachable, loadAssignment, loadTracing } from "../../static/js/api.js";

const { fetch: realFetch } = globalThis;

afterEach(() => {
  globalThis.fetch = realFetch;
});

/** Make the server answer with `response`. */
function answering(response) {
  globalThis.fetch = async () => response;
}

/** A body whose connection fails with `error` after the headers. */
function cut(error, init = {}) {
  const body = new ReadableStream({ pull: (controller) => controller.error(error) });
  return new Response(body, { headers: { "Content-Type": "application/json" }, ...init });
}

test("reads the server's answer", async () => {
  answering(Response.json({ id: 7 }));
  assert.deepEqual(await loadAssignment(7), { id: 7 });
});

test("a connection lost during the answer counts as unreachable", async () => {
  answering(cut(new TypeError("terminated")));
  await assert.rejects(loadAssignment(7), Unreachable);
});

test("an answer that times out counts as unreachable", async () => {
  answering(cut(new DOMException("timed out", "TimeoutError")));
  await assert.rejects(loadAssignment(7), Unreachable);
});

test("a truncated tracing counts as unreachable", async () => {
  answering(cut(new TypeError("terminated"), { headers: { "Content-Type": "application/octet-stream" } }));
  await assert.rejects(loadTracing("/t/1"), Unreachable);
});

for (const load of [() => loadAssignment(7), () => loadTracing("/t/1")]) {
  test(`an HTML page from a network in between is not an answer: ${load}`, async () => {
    answering(
      new Response("<html>Welcome to our Wi-Fi</html>", { headers: { "Content-Type": "text/html" } }),
    );
    await assert.rejects(load(), Unreachable);
  });
}

test("a truncated refusal is retried", async () => {
  answering(cut(new TypeError("terminated"), { status: 409 }));
  await assert.rejects(loadAssignment(7), Unreachable);
});

test("a refusal carries its reason", async () => {
  answering(Response.json({ type: "/problems/stale-draft" }, { status: 409 }));
  await assert.rejects(
    loadAssignment(7),
    (error) => error instanceof Refused && error.kind === "stale-draft",
  );
});

test("a refusal without a problem document has its status", async () => {
  answering(
    new Response("<html>", {
      status: 404,
      statusText: "Not Found",
      headers: { "Content-Type": "text/html" },
    }),
  );
  await assert.rejects(
    loadAssignment(7),
    (error) => error instanceof Refused && error.message === "Not Found",
  );
});

for (const status of [401, 403]) {
  test(`${status} means the session has ended`, async () => {
    answering(new Response("", { status }));
    await assert.rejects(loadAssignment(7), SignedOut);
  });
}

for (const status of [429, 500, 503]) {
  test(`${status} is retried later`, async () => {
    answering(new Response("", { status }));
    await assert.rejects(loadAssignment(7), Unreachable);
  });
}
