/** What went wrong when Uppy sent a file, as the rest of the site says it. */

import { Problem } from "../site/api.js";
import { inWords } from "../site/server_words.js";

const GONE = [404, 410];

/** An answer that does not say where an upload goes on. */
class NoOffset extends Error {
  constructor(response) {
    super("it is not known where the upload goes on");
    this.response = response;
  }
}

/**
 * tus-js-client begins anew when it is not told where an upload goes on.  That is right where the
 * upload is gone, and would lose all that came where a server or a proxy has just no better answer.
 */
export function requireOffset(request, response) {
  const status = response.getStatus();
  if (request.getMethod() !== "HEAD" || status < 400 || GONE.includes(status)) return;
  throw new NoOffset(response);
}

/** @param {Error} error of tus-js-client @returns {Problem} */
export function problemOf(error) {
  const cause = error.cause ?? error;
  const response = cause.originalResponse ?? error.originalResponse ?? cause.causingError?.response;
  const request = response?.getUnderlyingObject();
  const body = bodyOf(request);
  return new Problem(request?.status ?? 0, body.detail ? { ...body, detail: inWords(body.detail) } : body);
}

function bodyOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}
