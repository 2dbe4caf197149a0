// Functions that call the server's API. No other file uses fetch().

/**
 * @import {
 *   Case
 * } from "./adjudication/types.js"
 * @import {
 *   AcceptedAnswer, Assignment, Draft, NextAnswer, ReadingRequest, RevisionRequest, SuggestionsAnswer
 * } from "./desk/types.js"
 */

/**
 * @typedef {{type?: string, title?: string, detail?: string, draft?: Draft}} Problem body of an
 *   application/problem+json response
 */

/**
 * @typedef {object} RunStatus progress of a report, an archive or a data release
 * @property {string} lead what is happening
 * @property {string} text
 * @property {number} n_done
 * @property {number} n_total
 * @property {boolean} is_newer
 * @property {boolean} is_over
 */

const TIMEOUT_MS = 20_000;

/** The server was not reached or is temporarily unavailable. The request can be sent again later. */
export class Unreachable extends Error {}

/**
 * The server did not authorize the request, usually because the session has ended. The request can be sent
 * again after signing in.
 */
export class SignedOut extends Error {}

/** The server understood the request and refused it. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {Problem} problem
   */
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }

  /** The last part of the problem's type, such as "stale-draft", "batch-closed" or "already-submitted". */
  get kind() {
    return (this.problem.type ?? "").split(/[/:#]/).at(-1) ?? "";
  }
}

/**
 * @param {number | string} id
 * @returns {Promise<Assignment>}
 */
export function loadAssignment(id) {
  return json("GET", `/api/assignments/${id}/`);
}

/**
 * @param {number | string} id
 * @param {{based_on: number, content: object}} draft
 * @returns {Promise<{version: number}>}
 */
export function saveDraft(id, draft) {
  return json("PUT", `/api/assignments/${id}/draft/`, { body: draft });
}

/**
 * Submit a reading. Sending the same `key` again does not create a second reading.
 *
 * @param {number | string} id
 * @param {ReadingRequest & {based_on: number}} reading
 * @param {string} key
 * @returns {Promise<AcceptedAnswer>}
 */
export function submitReading(id, reading, key) {
  return json("POST", `/api/assignments/${id}/reading/`, {
    body: reading,
    headers: { "Idempotency-Key": key },
  });
}

/**
 * Load the classes in dispute of an exam, and the votes if they are shown now.
 *
 * @param {number | string} id
 * @returns {Promise<Case>}
 */
export function loadAdjudication(id) {
  return json("GET", `/api/assignments/${id}/adjudication/`);
}

/**
 * Submit an adjudication. Sending the same `key` again does not create a second one. The answer says what is
 * due next.
 *
 * @param {number | string} id
 * @param {object} adjudication
 * @param {string} key
 * @returns {Promise<Case>}
 */
export function submitAdjudication(id, adjudication, key) {
  return json("POST", `/api/assignments/${id}/adjudication/`, {
    body: adjudication,
    headers: { "Idempotency-Key": key },
  });
}

/**
 * Move the exam to the end of the queue. Idempotent.
 *
 * @param {number | string} id
 * @returns {Promise<NextAnswer>}
 */
export function deferExam(id) {
  return json("POST", `/api/assignments/${id}/deferral/`, { body: {} });
}

/**
 * Load the model's suggestions. The server answers 404 while the reader may not see them yet.
 *
 * @param {number | string} id
 * @returns {Promise<SuggestionsAnswer>}
 */
export function loadSuggestions(id) {
  return json("GET", `/api/assignments/${id}/suggestions/`);
}

/**
 * Report how long suggestions were visible. The request completes even if the page is closed.
 *
 * @param {number | string} id
 * @param {{shown_ms: number}} view
 * @param {string} key
 * @returns {Promise<unknown>}
 */
export function noteViewing(id, view, key) {
  return json("POST", `/api/assignments/${id}/viewing/`, {
    body: view,
    headers: { "Idempotency-Key": key },
    keepalive: true,
  });
}

/**
 * Record agreement with the suggestion of a class that is already in the reading. Idempotent.
 *
 * @param {number | string} id
 * @param {string} code
 * @returns {Promise<unknown>}
 */
export function confirmSuggestion(id, code) {
  return json("POST", `/api/assignments/${id}/confirmation/`, { body: { class: code } });
}

/**
 * Submit a second reading, made after seeing the suggestions. Sending the same `key` again does not create
 * another revision.
 *
 * @param {number | string} id
 * @param {RevisionRequest} revision
 * @param {string} key
 * @returns {Promise<AcceptedAnswer>}
 */
export function submitRevision(id, revision, key) {
  return json("POST", `/api/assignments/${id}/revision/`, {
    body: revision,
    headers: { "Idempotency-Key": key },
  });
}

/**
 * Load passkey options for a user who is not signed in yet.
 *
 * @param {string} url
 * @returns {Promise<{request_options: {publicKey: object}}>}
 */
export function loadPasskeyOptions(url) {
  return json("GET", url);
}

/**
 * Load the progress of an agreement computation or an export archive.
 *
 * @param {string} url
 * @returns {Promise<RunStatus>}
 */
export function loadRun(url) {
  return json("GET", url);
}

/**
 * Load the packed samples of a tracing. The browser decompresses and caches the response.
 *
 * @param {string} href
 * @returns {Promise<ArrayBuffer>}
 */
export function loadTracing(href) {
  return send(href, { headers: { Accept: "application/octet-stream" } }, (response) =>
    response.arrayBuffer(),
  );
}

/**
 * @param {string} method
 * @param {string} url
 * @param {{body?: object, headers?: Record<string, string>, keepalive?: boolean}} [request]
 * @returns {Promise<any>} JSON; each caller declares its type
 */
function json(method, url, { body, headers = {}, keepalive = false } = {}) {
  /** @type {RequestInit & {headers: Record<string, string>}} */
  const options = { method, keepalive, headers: { Accept: "application/json", ...headers } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
    options.headers["X-CSRFToken"] = cookie("csrftoken");
  }
  return send(url, options, (response) => response.json());
}

/**
 * Send a request and return the result of `read`. `read` is awaited inside the try block, because the
 * network may still fail while the body arrives.
 *
 * @template T
 * @param {string} url
 * @param {RequestInit} options
 * @param {(response: Response) => Promise<T>} read
 * @returns {Promise<T>}
 * @throws {Unreachable | SignedOut | Refused}
 */
async function send(url, options, read) {
  let error;
  try {
    const response = await fetch(url, {
      ...options,
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (isAccepted(response)) return await read(own(response));
    error = refusal(response, await problemOf(response));
  } catch (cause) {
    // Network failures and our own timeout can occur in fetch and while the body is read.
    throw new Unreachable(/** @type {Error} */ (cause).message, { cause });
  }
  throw error;
}

/** @param {Response} response */
function isAccepted(response) {
  return response.ok && !response.redirected;
}

/**
 * Reject HTML. Our endpoints never send it, but captive portals, such as those of hotels, do.
 *
 * @param {Response} response
 */
function own(response) {
  if (typeOf(response).includes("html")) throw new TypeError("got an HTML page instead of an API response");
  return response;
}

/**
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
async function problemOf(response) {
  return typeOf(response).includes("json") ? response.json() : { title: response.statusText };
}

/**
 * @param {Response} response
 * @param {Problem} problem
 */
function refusal(response, problem) {
  // Our endpoints never redirect, so a redirect leads to the sign-in page.
  if (response.redirected || response.status === 401 || response.status === 403)
    return new SignedOut(response.statusText);
  if (response.status >= 500 || response.status === 429) return new Unreachable(`HTTP ${response.status}`);
  return new Refused(response.status, problem);
}

/** @param {Response} response */
function typeOf(response) {
  return response.headers.get("Content-Type") ?? "";
}

/** @param {string} name */
function cookie(name) {
  const pair = document.cookie.split("; ").find((text) => text.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}
