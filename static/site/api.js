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
    this.facts = body; // the members that this type has beside those of all
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
export async function call(method, path, body, options) {
  return (await exchange(method, path, body, options)).answer;
}

/** As `call`, with the answer's ETag; `headers` are sent, too. */
export async function exchange(method, path, body, { signal, headers: more } = {}) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken(), ...more };
  const isForm = body instanceof FormData; // whose type the browser says itself
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  const sent = isForm ? body : body && JSON.stringify(body);
  const response = await ask(path, { method, headers, signal, body: sent });
  const answer = await jsonOf(response);
  if (response.ok) return { answer, etag: response.headers.get("ETag") };
  throw await problemFrom(response.status, answer ?? {}, response.headers.get("Retry-After"));
}

/** A refusal in the reader's words. */
export async function problemFrom(status, body, retryAfter) {
  const problem = new Problem(status, { ...body, detail: body.detail && (await forReaders(body.detail)) });
  problem.retryAfterS = Number(retryAfter) || 0;
  return problem;
}

/** What the server said, in the reader's words, which are fetched when the first one comes. */
export async function forReaders(sentence) {
  await allWords();
  const { inWords } = await import("./server_words.js").catch(() => ({ inWords: String }));
  return inWords(sentence);
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
export const send = (path, form) => call("POST", path, form);
export const remove = (path) => call("DELETE", path);
