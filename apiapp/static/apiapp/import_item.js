/**
 * The life of one file that the server has: verified, looked at, loaded.  Knows nothing of the page.
 *
 * phase: "verifying" · "reading" (the preview) · "checking" (the person's turn) · "loading" · "done" ·
 * "failed" · "cancelled"
 *
 * Events: "change", and "phase" when the phase became another one.
 */

import { get, post, Problem, remove, send } from "../site/api.js";
import { Patience } from "../site/patience.js";
import { inWords } from "../site/server_words.js";

/** Where each phase lies on the one bar. */
const SHARES = {
  verifying: [0, 0.25],
  reading: [0.25, 0.25],
  checking: [0.25, 0.25],
  loading: [0.5, 1],
  done: [1, 1],
};

const ENDED = new Set(["succeeded", "failed", "cancelled"]);

export class ImportItem extends EventTarget {
  #feed;
  #store;
  #unfollow = () => {};
  #awaitedSinceMs = null; // since when a job is followed
  #again = () => {}; // repeats the step that failed
  #patience = new Patience();
  #isDiscarded = false; // its file is to go as well

  phase = "verifying";
  /** the phase's job, as the server last told it */
  job = null;
  preview = null;
  /** the import's row, once there is one */
  record = null;
  /** @type {Error | null} */
  problem = null;
  /** what the last import was asked for with, while this page knows it */
  wanted = null;
  /** 0 to 1 of the way; keeps its place when something fails */
  ratio = 0;

  /**
   * @param {{fileId: string, name: string, size: number}} about
   * @param {{feed: JobFeed, store: ResumeStore}} tools
   */
  constructor({ fileId, name, size }, { feed, store }) {
    super();
    this.fileId = fileId;
    this.name = name;
    this.size = size;
    this.#feed = feed;
    this.#store = store;
  }

  /** An import that the server has, wherever it was begun; `watch` follows it. */
  static ofRecord(record, tools) {
    const about = { fileId: record.file_id ?? "", name: record.filename, size: 0 };
    const item = new ImportItem(about, tools);
    item.record = record;
    return item;
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

  // --- on the server

  /** Take over a file that has just arrived. */
  begin() {
    this.#remember();
    return this.#complete();
  }

  #remember() {
    const { fileId, name, size } = this;
    this.#store.put({ fileId, name, size, importId: this.record?.id ?? null });
  }

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

  /** The preview in another dialect, or of other columns; the phase stays. @returns {Promise<Preview>} */
  readPreview(dialect, columns) {
    const asked = { ...(dialect ? { dialect } : {}), ...(columns ? { columns } : {}) };
    return post("/api/imports/preview/", { file_id: this.fileId, ...asked });
  }

  /** What an import would change, as a record.  Throws Problem, also when it would fail. */
  async tryOut(wanted) {
    const begun = await this.#start({ ...wanted, dry_run: true });
    const job = await this.#endOf(begun.job_id);
    if (job.state !== "succeeded") throw new Problem(422, { detail: inWords(job.error || job.state) });
    return get(`/api/imports/${begun.import_id}/`);
  }

  #endOf(jobId) {
    return new Promise((resolve) => {
      const unfollow = this.#feed.follow(jobId, (job) => {
        if (!ENDED.has(job.state)) return;
        queueMicrotask(() => unfollow());
        resolve(job);
      });
    });
  }

  #start(wanted) {
    const userId = Number(document.body.dataset.userId);
    return post("/api/import", { file_id: this.fileId, user_id: userId, ...wanted });
  }

  /** Begin the import. Throws Problem when the server refuses what was asked for. */
  async load(wanted) {
    const begun = await this.#start(wanted);
    this.wanted = wanted;
    this.record = { id: begun.import_id, job_id: begun.job_id }; // the rest is read at the end
    this.#remember();
    this.watch();
  }

  /** Load a file of corrected rows to where this import went.  Throws Problem. @param {Blob} file */
  async goOnWith(file, dialect) {
    const form = new FormData();
    form.append("file", file, file.name ?? this.name);
    const { file_id: fileId, size } = await send("/api/upload", form);
    const { id: continues } = this.record;
    Object.assign(this, { fileId, size });
    await this.load({ continues, ...(dialect ? { dialect } : {}) });
  }

  /** Take the import back, and load the file again in another way.  Throws Problem. */
  async loadAnew(wanted) {
    await post(`/api/imports/${this.record.id}/undo/`);
    await this.load(wanted);
  }

  /** Take the import back; its rows are gone again.  Throws Problem. */
  async undo() {
    await post(`/api/imports/${this.record.id}/undo/`);
    this.#end("cancelled");
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

  /** Find out how far a remembered file is, and go on from there. */
  async recall({ importId }) {
    if (!importId) return this.#complete();
    return this.#attempt(() => this.recall({ importId }), async () => {
      this.record = await get(`/api/imports/${importId}/`);
      this.watch();
    });
  }

  // --- what a person can do

  /** Repeat the step that failed, or the one that waits, at once. */
  tryAgain() {
    if (this.#patience.isWaiting) this.#patience.wake();
    else this.#again();
  }

  /** Stop, and leave nothing behind: an upload is deleted, a load is cancelled by its job. */
  async cancel() {
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

  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

function ignoreMissing(error) {
  if (error.status !== 404) throw error;
}
