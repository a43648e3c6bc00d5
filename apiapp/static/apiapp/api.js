/** Calls to this server's own API, with errors a person can read. */

import { allWords, gettext } from "./i18n.js";

const SIGNED_OUT = [401];
/** 0 is no answer at all. */
const PASSING = new Set([0, 408, 429, 500, 502, 503, 504]);

/** What the server, or the lack of one, answered (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status 0: no answer came
   * @param {Record<string, any>} body
   */
  constructor(status, body = {}) {
    super(sentence(status, body));
    this.status = status;
    this.type = (body.type ?? "").split(":").pop();
    this.errors = body.errors ?? {};
    this.retryAfterS = 0;
  }

  /** True when the same request may well succeed a little later. */
  get mayPass() {
    return PASSING.has(this.status);
  }

  get isSignedOut() {
    return SIGNED_OUT.includes(this.status);
  }
}

function sentence(status, body) {
  if (status === 0) return gettext("The server does not answer.");
  if (SIGNED_OUT.includes(status)) return gettext("You are signed out. Sign in again, then go on.");
  const named = Object.entries(body.errors ?? {}).map(([field, why]) => `${field}: ${words(why)}`);
  if (named.length) return named.join("; ");
  return body.detail || gettext("The server refused this without a reason ({status}).", { status });
}

/** The first sentence inside what DRF nests. */
function words(why) {
  if (Array.isArray(why)) return words(why[0] ?? "");
  if (why && typeof why === "object") return words(Object.values(why)[0] ?? "");
  return String(why);
}

/** The CSRF token as it is now: signing in elsewhere in this browser changes it. */
export function csrfToken() {
  const name = document.documentElement.dataset.csrfCookie;
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : "";
}

/** @returns {Promise<any>} the answer's JSON, null for none.  Throws Problem. */
export async function call(method, path, body, { signal } = {}) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await ask(path, { method, headers, signal, body: body && JSON.stringify(body) });
  const answer = await jsonOf(response);
  if (response.ok) return answer;
  throw await problemFrom(response.status, answer ?? {}, response.headers.get("Retry-After"));
}

/** A refusal in the reader's words, which are fetched when the first one comes. */
export async function problemFrom(status, body, retryAfter) {
  await allWords();
  const { inWords } = await import("./server_words.js").catch(() => ({ inWords: String }));
  const problem = new Problem(status, { ...body, detail: body.detail && inWords(body.detail) });
  problem.retryAfterS = Number(retryAfter) || 0;
  return problem;
}

async function ask(path, options) {
  try {
    return await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
}

async function jsonOf(response) {
  if (!/json/.test(response.headers.get("Content-Type") ?? "")) return null;
  return response.json().catch(() => null);
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body = {}, options) => call("POST", path, body, options);
export const remove = (path) => call("DELETE", path);

/**
 * @typedef {object} ColumnSpec
 * @property {string} name in the database and in JSON
 * @property {string} label for people
 * @property {string} type one of column_types.js
 *
 * @typedef {object} Dataset
 * @property {string} slug
 * @property {string} title
 * @property {number} row_count
 * @property {ColumnSpec[]} columns
 *
 * @typedef {object} ImportRecord
 * @property {number} id
 * @property {number} job_id
 * @property {string | null} dataset its slug
 * @property {string} dataset_title
 * @property {string} filename
 * @property {string} state as of a job, or "undone"
 * @property {number} rows_loaded
 * @property {number} rows_refused
 */
