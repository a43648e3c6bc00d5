/**
 * One's jobs, live: over /ws/jobs/ while it is open, asked for over REST when it is silent.
 *
 * Events: "jobs" whenever anything changed.  Whoever follows one job is told its state at once and
 * again after every reconnection, so nothing that happened meanwhile is missed.
 */

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
const LOOK_EVERY_MS = 2000;
const SILENT_MS = 5000; // then the followed jobs are asked for
const SIGNED_OUT = 4401;
const ENDED = new Set(["succeeded", "failed", "cancelled"]);

export class JobFeed extends EventTarget {
  #socket = null;
  #failures = 0; // in a row
  #jobs = new Map(); // id -> job as last told
  #followers = new Map(); // id -> Set of listeners
  #isAsking = false;

  /** performance.now() of the last word from the server */
  lastNewsMs = performance.now();

  constructor() {
    super();
    this.#connect();
    setInterval(() => this.#askIfSilent(), LOOK_EVERY_MS);
  }

  /** Jobs that have not ended, newest first. */
  get active() {
    return [...this.#jobs.values()].filter((job) => !hasEnded(job)).sort((a, b) => b.id - a.id);
  }

  /**
   * @param {number} id
   * @param {(job: Job) => void} listener
   * @returns {() => void} ends the following
   */
  follow(id, listener) {
    const listeners = this.#followers.get(id) ?? new Set();
    this.#followers.set(id, listeners.add(listener));
    if (this.#isOpen) this.#send({ type: "follow", ids: [id] });
    else this.#ask(id);
    return () => {
      listeners.delete(listener);
      if (!listeners.size) this.#followers.delete(id);
    };
  }

  // --- socket

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#socket = new WebSocket(`${scheme}://${location.host}/ws/jobs/`);
    this.#socket.onopen = () => this.#begin();
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#reconnect(code);
  }

  /** What ended while the line was down is not told again: begin with a clean slate. */
  #begin() {
    this.#failures = 0;
    this.#jobs.clear();
    this.#note();
    this.#send({ type: "follow_all" });
    if (this.#followers.size) this.#send({ type: "follow", ids: [...this.#followers.keys()] });
    this.dispatchEvent(new Event("jobs"));
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #hear(message) {
    this.#note();
    if (message.type === "job") this.#tell(message.job);
    if (message.type === "unknown") this.#ask(message.id);
  }

  #reconnect(code) {
    if (code === SIGNED_OUT) return;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    this.#failures += 1;
    setTimeout(() => this.#connect(), delayMs * (0.8 + 0.4 * Math.random()));
  }

  // --- REST

  /** A line can be dead without being closed: after a while without news the rows are read. */
  async #askIfSilent() {
    const isSilent = performance.now() - this.lastNewsMs > SILENT_MS;
    if (!isSilent || this.#isAsking) return;
    this.#isAsking = true;
    await Promise.all([...this.#followers.keys()].map((id) => this.#ask(id)));
    this.#isAsking = false;
  }

  async #ask(id) {
    const { get } = await import("../site/api.js");
    const job = await get(`/api/jobs/${id}/`).catch((problem) => lost(id, problem));
    if (!job) return; // no answer now; it will be asked for again
    this.#note();
    this.#tell(job);
  }

  // --- listeners

  #note() {
    this.lastNewsMs = performance.now();
  }

  #tell(job) {
    this.#jobs.set(job.id, job);
    for (const listener of [...(this.#followers.get(job.id) ?? [])]) listener(job);
    this.dispatchEvent(new CustomEvent("jobs", { detail: job }));
  }
}

/** @param {Job} job */
export function hasEnded(job) {
  return ENDED.has(job.state);
}

/** A job that is gone has ended, whoever removed it. */
function lost(id, problem) {
  return problem.status === 404 ? { id, state: "failed", error: problem.message } : null;
}

/** One socket for all modules of a page. */
export const feed = new JobFeed();

/**
 * @typedef {object} Job
 * @property {number} id
 * @property {string} task
 * @property {"queued" | "running" | "succeeded" | "failed" | "cancelled"} state
 * @property {number} done
 * @property {number | null} total
 * @property {string} unit of done and total
 * @property {string} message
 * @property {any} result
 * @property {string} error
 */
