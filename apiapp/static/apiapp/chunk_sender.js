/** Sends one chunk.  XMLHttpRequest, because fetch does not tell how much has gone out. */

import { csrfToken, Problem, problemFrom } from "./api.js";

/**
 * @param {string} url
 * @param {Blob} chunk
 * @param {{ onProgress: (sentBytes: number) => void, signal: AbortSignal }} options
 * @returns {Promise<void>} once the server has it on disk.  Throws Problem, or AbortError.
 */
export function sendChunk(url, chunk, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => (request.status < 300 ? resolve() : problemOf(request).then(reject));
    request.onerror = () => reject(new Problem(0));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(chunk);
  });
}

function problemOf(request) {
  return problemFrom(request.status, bodyOf(request), request.getResponseHeader("Retry-After"));
}

function bodyOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}
