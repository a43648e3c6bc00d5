/**
 * The life of one file: sent, verified, looked at, loaded.  Knows nothing of the page.
 *
 * phase: "queued" (others go first) · "wanted" (a part is on the server; the file must be chosen
 * again) · "sending" · "verifying" · "reading" (the preview) · "checking" (the person's turn) ·
 * "loading" · "done" · "failed" · "cancelled"
 *
 * Events: "change", and "phase" when the phase became another one.
 */

import { get, post, Problem, remove } from "./api.js";
import { ChunkedUpload } from "./chunked_upload.js";
import { fingerprint } from "./fingerprint.js";
import { gettext } from "./i18n.js";
import { Patience } from "./patience.js";
import { inWords } from "./server_words.js";

/** Where each phase lies on the one bar. */
const SHARES = {
  wanted: [0, 0.5],
  sending: [0, 0.5],
  verifying: [0.5, 0.625],
  reading: [0.625, 0.625],
  checking: [0.625, 0.625],
  loading: [0.75, 1],
  done: [1, 1],
};

export class ImportItem extends EventTarget {
  #feed;
  #store;
  #file = null;
  #fingerprint = "";
  #unfollow = () => {};
  #awaitedSinceMs = null; // since when a job is followed
  #again = () => {}; // repeats the step that failed
  #patience = new Patience();
  #isDiscarded = false; // its file is to go as well

  phase = "queued";
  fileId = "";
  /** @type {ChunkedUpload | null} */
  upload = null;
  /** bytes the server has, while the file is wanted */
  received = 0;
  /** the phase's job, as the server last told it */
  job = null;
  preview = null;
  /** the import's row, once there is one */
  record = null;
  /** @type {Error | null} */
  problem = null;
  /** 0 to 1 of the whole way; keeps its place when something fails */
  ratio = 0;

  /** @param {{name: string, size: number}} about @param {{feed: JobFeed, store: ResumeStore}} tools */
  constructor({ name, size }, { feed, store }) {
    super();
    this.name = name;
    this.size = size;
    this.#feed = feed;
    this.#store = store;
  }

  /** A file just chosen; `begin` sends it. @param {File} file */
  static ofFile(file, print, tools) {
    const item = new ImportItem(file, tools);
    item.#file = file;
    item.#fingerprint = print;
    return item;
  }

  /** Something begun earlier in this browser; `recall` finds out how far it is. */
  static ofEntry(entry, tools) {
    const item = new ImportItem(entry, tools);
    item.fileId = entry.fileId;
    item.#fingerprint = entry.fingerprint;
    item.phase = "wanted";
    return item;
  }

  /** An import that the server has, wherever it was begun; `watch` follows it. */
  static ofRecord(record, tools) {
    const item = new ImportItem({ name: record.filename, size: 0 }, tools);
    item.fileId = record.file_id ?? "";
    item.record = record;
    return item;
  }

  /** True while closing the page would interrupt something. */
  get isMovingBytes() {
    return this.phase === "sending" && ["starting", "sending", "waiting"].includes(this.sendState);
  }

  /** As ChunkedUpload.state; "starting" until the server knows of the file. */
  get sendState() {
    return this.upload?.state ?? "starting";
  }

  /** performance.now() of the next attempt while the server is away; null while it is not. */
  get retryAtMs() {
    return this.#patience.isWaiting ? this.#patience.retryAtMs : null;
  }

  /** False where trying again can only fail again: the file itself is not right. */
  get canTryAgain() {
    return this.problem?.type !== "unreadable-file" && this.problem?.status !== 404;
  }

  get hasEnded() {
    return ["done", "cancelled"].includes(this.phase);
  }

  /** performance.now() of the last word from the server while a job is awaited, else null. */
  get lastNewsMs() {
    return this.#awaitedSinceMs && Math.max(this.#awaitedSinceMs, this.#feed.lastNewsMs);
  }

  // --- sending

  /** Announce the file to the server and send it. */
  async begin() {
    await this.#attempt(() => this.begin(), async () => {
      this.#enter("sending");
      this.#send(await ChunkedUpload.create(this.#file));
    });
  }

  /** Go on with `file`.  Throws WrongFile if it is not the one that was begun. */
  async goOnWith(file) {
    if ((await fingerprint(file)) !== this.#fingerprint) throw new WrongFile(this, file);
    this.#file = file;
    await this.#goOn();
  }

  async #goOn() {
    await this.#attempt(() => this.#goOn(), async () => {
      this.#enter("sending");
      this.#send(await ChunkedUpload.goOn(this.#file, this.fileId));
    });
  }

  #send(upload) {
    this.fileId = upload.fileId;
    if (this.phase !== "sending") { // cancelled before the server had answered
      this.#deleteFile();
      return;
    }
    this.upload = upload;
    this.#remember();
    upload.addEventListener("sent", () => this.#complete());
    upload.addEventListener("change", () => {
      if (upload.state === "failed") this.#fail(upload.problem, () => this.#goOn());
      else this.#move(this.#part(upload.sentBytes));
    });
    upload.start();
  }

  #remember() {
    this.#store.put({
      fileId: this.fileId,
      fingerprint: this.#fingerprint,
      name: this.name,
      size: this.size,
      importId: this.record?.id ?? null,
    });
  }

  // --- on the server

  async #complete() {
    await this.#attempt(() => this.#complete(), async () => {
      this.#enter("verifying");
      this.#followVerification(await post(`/api/uploads/${this.fileId}/complete/`));
    });
  }

  #followVerification(answer) {
    if (answer.state === "finished") return this.#read();
    return this.#follow(answer.job.id, {
      succeeded: () => this.#read(),
      failed: () => this.#complete(),
    });
  }

  /** Ask for the preview; `dialect` overrides what was sniffed. */
  async #read(dialect) {
    await this.#attempt(() => this.#read(dialect), async () => {
      this.#enter("reading");
      this.preview = await this.readPreview(dialect);
      this.#enter("checking");
    });
  }

  /** The preview in another dialect; the phase stays. @returns {Promise<object>} */
  readPreview(dialect) {
    const asked = dialect ? { dialect } : {};
    return post("/api/imports/preview/", { file_id: this.fileId, ...asked });
  }

  /** Begin the import. Throws Problem when the server refuses what was asked for. */
  async load(wanted) {
    const userId = Number(document.body.dataset.userId);
    const begun = await post("/api/import", { file_id: this.fileId, user_id: userId, ...wanted });
    this.record = { id: begun.import_id, job_id: begun.job_id }; // the rest is read at the end
    this.#remember();
    this.watch();
  }

  /** Follow the import's job to its end. */
  watch() {
    this.#enter("loading");
    this.#follow(this.record.job_id, {
      succeeded: () => this.#conclude(),
      failed: () => this.#reload(),
    });
  }

  async #conclude() {
    await this.#attempt(() => this.#conclude(), async () => {
      this.record = await get(`/api/imports/${this.record.id}/`);
      this.#end(this.record.state === "undone" ? "cancelled" : "done");
    });
  }

  async #reload() {
    await this.#attempt(() => this.#reload(), async () => {
      this.#enter("loading");
      this.record = await post(`/api/imports/${this.record.id}/retry/`);
      this.watch();
    });
  }

  /** Follow a job; `failed` is what trying again means. */
  #follow(jobId, { succeeded, failed }) {
    this.#unfollow();
    this.#awaitedSinceMs = performance.now();
    const ends = {
      succeeded,
      failed: ({ error }) => this.#fail(new Error(inWords(error)), failed),
      cancelled: () => this.#end("cancelled"),
    };
    this.#unfollow = this.#feed.follow(jobId, (job) => {
      this.job = job;
      if (!(job.state in ends)) {
        this.#move(job.total ? Math.min(1, job.done / job.total) : 0);
        return;
      }
      this.#unfollow();
      this.job = this.#awaitedSinceMs = null;
      ends[job.state](job);
    });
  }

  // --- after a reload

  /** Ask the server how far a remembered file is, and go on from there. */
  async recall(entry) {
    await this.#attempt(() => this.recall(entry), async () => {
      if (entry.importId) {
        this.record = await get(`/api/imports/${entry.importId}/`);
        this.watch();
        return;
      }
      this.#goOnFrom(await get(`/api/uploads/${this.fileId}/`));
    });
  }

  #goOnFrom(upload) {
    if (upload.state === "finished") this.#read();
    else if (!upload.missing_chunks.length) this.#complete();
    else {
      this.received = upload.received;
      this.#enter("wanted");
      this.#move(this.#part(upload.received));
    }
  }

  // --- what a person can do

  pause() {
    this.upload.pause();
  }

  resume() {
    this.upload.start();
  }

  /** Repeat the step that failed, or the one that waits, at once. */
  tryAgain() {
    if (this.#patience.isWaiting) this.#patience.wake();
    else this.#again();
  }

  /** Stop, and leave nothing behind: an upload is deleted, a load is cancelled by its job. */
  async cancel() {
    this.upload?.pause();
    if (this.phase === "loading") {
      this.#isDiscarded = true;
      await post(`/api/imports/${this.record.id}/cancel/`);
      return; // the job says when it has stopped
    }
    this.#unfollow();
    this.#awaitedSinceMs = null;
    if (this.fileId) await this.#deleteFile();
    this.#end("cancelled");
  }

  #deleteFile() {
    return remove(`/api/uploads/${this.fileId}/`).catch(ignoreMissing);
  }

  #end(phase) {
    this.#store.forget(this.fileId);
    if (phase === "cancelled" && this.#isDiscarded) this.#deleteFile();
    this.#enter(phase);
  }

  // --- state

  /**
   * Run a step, again and again while the server is only away; a refusal becomes the item's
   * problem, and `again` what trying again means.
   */
  async #attempt(again, step) {
    try {
      await step();
      this.#patience.forget();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.mayPass) await this.#waitFor(problem, again);
      else this.#fail(problem, again);
    }
  }

  async #waitFor(problem, again) {
    const wait = this.#patience.wait(problem);
    this.problem = problem;
    this.#tell("change");
    const { phase } = this;
    await wait;
    if (this.phase === phase) await again(); // not cancelled meanwhile
  }

  #fail(problem, again) {
    this.problem = problem;
    this.#again = again;
    if (problem.status === 404) this.#store.forget(this.fileId);
    this.#enter("failed", problem);
  }

  #enter(phase, problem = null) {
    this.phase = phase;
    this.problem = problem;
    if (phase in SHARES) this.ratio = SHARES[phase][0];
    this.#tell("phase");
    this.#tell("change");
  }

  /** The phase is this far. @param {number} part 0 to 1 */
  #move(part) {
    const [from, to] = SHARES[this.phase] ?? [this.ratio, this.ratio];
    this.ratio = from + (to - from) * part;
    this.#tell("change");
  }

  #part(bytes) {
    return this.size ? bytes / this.size : 1;
  }

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

/** The file chosen to go on with is another one. */
export class WrongFile extends Error {
  constructor(item, file) {
    super(
      gettext("“{got}” is not the file that was begun. Choose “{wanted}” again, unchanged.", {
        got: file.name,
        wanted: item.name,
      }),
    );
  }
}

function ignoreMissing(error) {
  if (error.status !== 404) throw error;
}
