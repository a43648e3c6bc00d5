/**
 * Sends one file in chunks, several at a time, until the server has every one.
 *
 * What the server has acknowledged it has on disk, so nothing is ever started over: a pause, a
 * broken line or a reload costs the chunks under way at most.
 *
 * Events: "change" (state or figures), "sent" (the server has all chunks).
 */

import { get, post, Problem } from "./api.js";
import { sendChunk } from "./chunk_sender.js";
import { Patience } from "./patience.js";
import { Rate } from "./rate.js";

const PARALLEL = 3;
const GOOD_CHUNKS = 100;
const SMALLEST_CHUNK_BYTES = 256 * 1024;
const LARGEST_CHUNK_BYTES = 4 * 1024 * 1024;

export class ChunkedUpload extends EventTarget {
  #file;
  #fileId;
  #chunkBytes;
  #missing; // indexes nobody is sending yet, in order
  #sending = new Map(); // index -> bytes of it that have gone out
  #storedBytes;
  #abort = new AbortController();
  #patience = new Patience();
  #rate = new Rate();

  /** "sending", "waiting" (for the line or the server), "paused", "sent" or "failed" */
  state = "paused";
  /** @type {Problem | null} why it waits, was paused or failed */
  problem = null;

  /** @param {File} file @param {UploadState} upload what the server says of it */
  constructor(file, upload) {
    super();
    this.#file = file;
    this.#fileId = upload.file_id;
    this.#chunkBytes = upload.chunk_size;
    this.#missing = upload.missing_chunks.flatMap(([first, last]) => numbers(first, last));
    this.#storedBytes = upload.size - this.#bytesOf(this.#missing);
  }

  /** Tell the server about a file to come. @param {File} file */
  static async create(file) {
    const { name: filename, size } = file;
    const begun = await post("/api/uploads/", { filename, size, chunk_size: chunkBytesFor(size) });
    return new ChunkedUpload(file, begun);
  }

  /** Go on with a file of which the server has a part. @param {File} file */
  static async goOn(file, fileId) {
    return new ChunkedUpload(file, await get(`/api/uploads/${fileId}/`));
  }

  get fileId() {
    return this.#fileId;
  }

  /** Bytes on the server's disk or on their way there. */
  get sentBytes() {
    const underWay = [...this.#sending.values()].reduce((sum, bytes) => sum + bytes, 0);
    return Math.min(this.#file.size, this.#storedBytes + underWay);
  }

  get bytesPerSecond() {
    return this.#rate.bytesPerSecond;
  }

  get secondsLeft() {
    return this.#rate.secondsFor(this.#file.size - this.sentBytes);
  }

  /** performance.now() of the next attempt while waiting */
  get retryAtMs() {
    return this.#patience.retryAtMs;
  }

  /** Start, go on after a pause, or try again at once while waiting. */
  start() {
    if (this.state === "sending" || this.state === "sent") return;
    if (this.#patience.isWaiting) {
      this.#patience.wake();
      return;
    }
    this.#abort = new AbortController();
    this.#patience.forget();
    this.#enter("sending");
    this.#fill();
  }

  /** Stop sending; what is under way is dropped and sent again later. */
  pause(problem = null) {
    this.#abort.abort();
    this.#enter("paused", problem);
    this.#patience.wake();
  }

  #enter(state, problem = null) {
    this.state = state;
    this.problem = problem;
    this.#rate.forget();
    this.#tell();
  }

  /** Keep PARALLEL chunks under way; after a failure one, until it went well again. */
  #fill() {
    if (this.state !== "sending") return;
    const limit = this.#patience.hasFailed ? 1 : PARALLEL;
    while (this.#missing.length && this.#sending.size < limit) {
      this.#sendOne(this.#missing.shift());
    }
    if (!this.#missing.length && !this.#sending.size) this.#finish();
  }

  async #sendOne(index) {
    const chunk = this.#chunk(index);
    const { signal } = this.#abort;
    this.#sending.set(index, 0);
    try {
      await sendChunk(`/api/uploads/${this.#fileId}/chunks/${index}`, chunk, {
        signal,
        onProgress: (bytes) => this.#note(index, Math.min(bytes, chunk.size)),
      });
    } catch (error) {
      this.#takeBack(index, error, signal);
      return;
    }
    this.#patience.forget();
    this.#sending.delete(index);
    this.#storedBytes += chunk.size;
    this.#rate.add(this.sentBytes);
    this.#tell();
    this.#fill();
  }

  #note(index, bytes) {
    if (!this.#sending.has(index)) return;
    this.#sending.set(index, bytes);
    this.#rate.add(this.sentBytes);
    this.#tell();
  }

  /** A chunk did not arrive: it is missing again, and what follows depends on why. */
  #takeBack(index, error, signal) {
    this.#sending.delete(index);
    this.#missing.push(index);
    this.#missing.sort((a, b) => a - b);
    if (signal.aborted) {
      this.#tell(); // the one who aborted has said why
      this.#fill(); // and sending may go on already
      return;
    }
    this.#abort.abort();
    const problem = error instanceof Problem ? error : new Problem(0);
    if (problem.isSignedOut) this.pause(problem);
    else if (problem.mayPass) this.#waitAndGoOn(problem);
    else this.#enter("failed", problem);
  }

  async #waitAndGoOn(problem) {
    const wait = this.#patience.wait(problem);
    this.#enter("waiting", problem);
    await wait;
    if (this.state !== "waiting") return; // paused meanwhile
    this.#abort = new AbortController();
    this.#enter("sending");
    this.#fill();
  }

  #finish() {
    this.#enter("sent");
    this.dispatchEvent(new Event("sent"));
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }

  #chunk(index) {
    const start = index * this.#chunkBytes;
    return this.#file.slice(start, Math.min(start + this.#chunkBytes, this.#file.size));
  }

  #bytesOf(indexes) {
    return indexes.reduce((sum, index) => sum + this.#chunk(index).size, 0);
  }
}

/** Small enough that a broken line costs little, large enough that requests cost nothing. */
function chunkBytesFor(size) {
  const steps = Math.max(1, Math.ceil(size / GOOD_CHUNKS / SMALLEST_CHUNK_BYTES));
  return Math.min(steps * SMALLEST_CHUNK_BYTES, LARGEST_CHUNK_BYTES);
}

function numbers(first, last) {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}

/**
 * @typedef {object} UploadState as GET /api/uploads/{file_id}/ answers
 * @property {string} file_id
 * @property {number} size bytes
 * @property {number} chunk_size bytes; the last chunk has the rest
 * @property {Array<[number, number]>} missing_chunks ranges of indexes, both ends included
 */
