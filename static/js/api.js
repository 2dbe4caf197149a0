// The server as functions. The only file that fetches.

const PATIENCE_MS = 20_000;

/** The server was not reached, or answered that it cannot answer now: try again later. */
export class Unreachable extends Error {}

/** The session is gone; what was asked may be asked again after signing in. */
export class SignedOut extends Error {}

/** The server understood and said no; `problem` is its application/problem+json. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }

  /** The last part of the problem's type: "stale-draft", "batch-closed", "already-submitted". */
  get kind() {
    return String(this.problem.type ?? "")
      .split(/[/:#]/)
      .at(-1);
  }
}

export function loadAssignment(id) {
  return json("GET", `/api/assignments/${id}/`);
}

export function saveDraft(id, draft) {
  return json("PUT", `/api/assignments/${id}/draft/`, { body: draft });
}

/** The same `key` sent twice makes one reading. */
export function submitReading(id, reading, key) {
  return json("POST", `/api/assignments/${id}/reading/`, {
    body: reading,
    headers: { "Idempotency-Key": key },
  });
}

/** Put the exam behind all others; the answer names what comes `next`. Sent twice it changes nothing. */
export function deferExam(id) {
  return json("POST", `/api/assignments/${id}/deferral/`, { body: {} });
}

/** What the model suggests; refused as not found before one's own reading is signed. */
export function loadSuggestions(id) {
  return json("GET", `/api/assignments/${id}/suggestions/`);
}

/** How long suggestions were on view; sent while the page goes away, if need be. */
export function noteViewing(id, seen, key) {
  return json("POST", `/api/assignments/${id}/viewing/`, {
    body: seen,
    headers: { "Idempotency-Key": key },
    keepalive: true,
  });
}

/** The reader agrees with the suggestion of a class that they had given themselves; sent twice it is noted once. */
export function confirmSuggestion(id, code) {
  return json("POST", `/api/assignments/${id}/confirmation/`, { body: { class: code } });
}

/** What the reader says again with the suggestions known; the same `key` sent twice makes one revision. */
export function submitRevision(id, revision, key) {
  return json("POST", `/api/assignments/${id}/revision/`, {
    body: revision,
    headers: { "Idempotency-Key": key },
  });
}

/** What a passkey has to sign, for whoever is not signed in yet. */
export function loadPasskeyOptions(url) {
  return json("GET", url);
}

/** How far the computation of an agreement is. */
export function loadRun(url) {
  return json("GET", url);
}

/** The packed bytes of a tracing; the browser has inflated them and keeps them in its cache. */
export function loadTracing(href) {
  return send(href, { headers: { Accept: "application/octet-stream" } }, (response) =>
    response.arrayBuffer(),
  );
}

function json(method, url, { body, headers = {}, keepalive = false } = {}) {
  const options = { method, keepalive, headers: { Accept: "application/json", ...headers } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
    options.headers["X-CSRFToken"] = cookie("csrftoken");
  }
  return send(url, options, (response) => response.json());
}

/** What `read` makes of the answer. The body comes after the headers, and the network may end between the two. */
async function send(url, options, read) {
  let response;
  let found;
  try {
    response = await fetch(url, {
      ...options,
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    found = isTaken(response) ? await read(own(response)) : await problemOf(response);
  } catch (error) {
    // fetch and the body reject for every reason the network can have, and for our own patience.
    throw new Unreachable(error.message, { cause: error });
  }
  if (isTaken(response)) return found;
  throw refusal(response, found);
}

function isTaken(response) {
  return response.ok && !response.redirected;
}

/** A network in between, such as a hotel's, answers with a page of its own; our endpoints never do. */
function own(response) {
  if (typeOf(response).includes("html")) throw new TypeError("a page came instead of the answer");
  return response;
}

async function problemOf(response) {
  return typeOf(response).includes("json") ? response.json() : { title: response.statusText };
}

function refusal(response, problem) {
  // A redirect leads to the page for signing in: an endpoint itself never moves.
  if (response.redirected || response.status === 401 || response.status === 403)
    return new SignedOut(response.statusText);
  if (response.status >= 500 || response.status === 429) return new Unreachable(`HTTP ${response.status}`);
  return new Refused(response.status, problem);
}

function typeOf(response) {
  return response.headers.get("Content-Type") ?? "";
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((text) => text.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}
