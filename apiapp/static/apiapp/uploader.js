/**
 * Sends files with Uppy: its Dashboard shows them, tus carries them to the server in parts, and
 * Golden Retriever keeps them over a reload.
 *
 * What the server has acknowledged it has on disk: a pause, a broken line or a reload costs the part
 * under way at most.  Events: "change" (which files there are), "arrived" (the server has all of one;
 * detail: {fileId, name, size}).
 */

import { announce } from "../site/announcer.js";
import { csrfToken, remove } from "../site/api.js";
import { button, element } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { hasFileKeeper, keepFileKeeperAlive } from "./file_keeper.js";
import { Rate } from "./rate.js";
import { problemOf, requireOffset } from "./upload_problem.js";
import { uppyParts } from "./uppy_parts.js";

const MIB = 2 ** 20;
const ENDPOINT = "/api/tus/";
const PART_BYTES = 4 * MIB; // a proxy that buffers loses no more than this when the line breaks
const AT_ONCE = 3;
const RETRY_DELAYS_MS = [500, 1000, 2000, 4000, 8000, ...Array(10_000).fill(15_000)];
const KEPT_MS = 7 * 24 * 3600 * 1000; // as long as the server keeps what is not finished
const KEPT_FILE_BYTES = 100 * MIB; // of each that the browser copies into its storage
const KEPT_BYTES = 500 * MIB;
const RESTORED_WITHIN_MS = 5000;
const FILLED_HEIGHT_PX = 380; // files, and what was kept of them, in view
const DRAWN_EVERY_MS = 500;
const FULL_DISK = 507; // waiting does not help, as it does with other 5xx
const QUIET = { debug() {}, warn() {}, error() {} }; // what goes wrong is told on the page

export class Uploader extends EventTarget {
  #uppy;
  #dashboard = element("div", { class: "dashboard" });
  #figures = element("p", { class: "send-figures" });
  #notes = element("div", { class: "send-notes" });
  #rate = new Rate();
  #sentBytes = 0; // since the page was opened
  #sentOf = new Map(); // file id -> bytes of it
  #problems = new Map(); // file id -> Problem that ended its sending
  #deletedByUppy = new Set(); // ids of files, while all are cancelled
  #waiting = null; // {problem, untilMs} while the server is away
  #refusal = "";
  #heightPx;

  root = element("div", { class: "uploader" }, this.#dashboard, this.#figures, this.#notes);

  /**
   * @param {string} slot under which the files are kept
   * @param {{ place: (root: Node) => void, heightPx: number, wasBegun: boolean }} options place:
   *   puts it into the page; wasBegun: files may be kept there
   * @returns {Promise<Uploader>} once what was kept is there again
   */
  static async open(slot, { place, heightPx, wasBegun }) {
    const [parts, hasKeeper] = await Promise.all([uppyParts(), hasFileKeeper()]);
    const uploader = new Uploader(slot, parts, { heightPx, hasKeeper });
    place(uploader.root);
    if (wasBegun) await uploader.#restored();
    return uploader;
  }

  constructor(slot, parts, { heightPx, hasKeeper }) {
    super();
    this.#heightPx = heightPx;
    const { Uppy, locale } = parts;
    const onBeforeFileAdded = (file, files) => this.#mayAdd(file, files);
    this.#uppy = new Uppy({ id: slot, autoProceed: true, logger: QUIET, locale, onBeforeFileAdded });
    this.#listen();
    this.#equip(parts, { heightPx, hasKeeper });
    if (hasKeeper) keepFileKeeperAlive(slot, () => this.files.length > 0);
    setInterval(() => this.#draw(), DRAWN_EVERY_MS);
  }

  #equip({ Dashboard, Tus, GoldenRetriever }, { heightPx, hasKeeper }) {
    this.#uppy
      .use(Dashboard, {
        target: this.#dashboard,
        inline: true,
        theme: "auto",
        width: "100%",
        height: heightPx,
        note: gettext(
          "Any size. If the connection breaks or the laptop closes, you go on later where it stopped.",
        ),
        proudlyDisplayPoweredByUppy: false,
        singleFileFullScreen: false,
        disableThumbnailGenerator: true,
        hideProgressAfterFinish: true,
        hideProgressDetails: true,
        doneButtonHandler: null,
      })
      .use(Tus, {
        endpoint: ENDPOINT,
        chunkSize: PART_BYTES,
        limit: AT_ONCE,
        retryDelays: RETRY_DELAYS_MS,
        removeFingerprintOnSuccess: true, // the same file sent again is another upload
        allowedMetaFields: ["name", "type"],
        onBeforeRequest: (request) => request.setHeader("X-CSRFToken", csrfToken()),
        onAfterResponse: requireOffset,
        onShouldRetry: (error, attempt, _, usual) => this.#mayRetry(error, attempt, usual),
        onError: (error) => {
          error.message = problemOf(error).message; // Uppy shows it
        },
      })
      .use(GoldenRetriever, {
        expires: KEPT_MS,
        serviceWorker: hasKeeper,
        indexedDB: { maxFileSize: KEPT_FILE_BYTES, maxTotalSize: KEPT_BYTES },
      });
  }

  #listen() {
    const changed = () => this.#changed();
    this.#uppy
      .on("files-added", changed)
      .on("cancel-all", () => this.#cancelling())
      .on("file-removed", (file) => this.#removed(file))
      .on("upload-progress", (file, { bytesUploaded }) => this.#progressed(file, bytesUploaded))
      .on("upload-success", (file, { uploadURL }) => this.#succeeded(file, uploadURL))
      .on("upload-error", (file, error) => this.#failed(file, problemOf(error)))
      .on("upload-retry", (file) => this.#forgive(file))
      .on("upload-pause", changed)
      .on("pause-all", changed)
      .on("resume-all", changed)
      .on("restored", changed);
  }

  /** What is on its way or still to be chosen again. */
  get files() {
    return this.#uppy.getFiles().filter((file) => !file.progress.uploadComplete);
  }

  /** True while closing the page would interrupt something. */
  get isMovingBytes() {
    return this.files.some((file) => !file.isPaused && !file.isGhost && !file.error);
  }

  /** @param {File[]} files */
  add(files) {
    this.#refusal = "";
    const described = files.map((file) => ({ name: file.name, type: file.type, data: file }));
    try {
      this.#uppy.addFiles(described);
    } catch {
      // A file that is there already or may not be added: Uppy has said so.
    }
    this.#draw();
  }

  focus() {
    this.#dashboard.querySelector("button")?.focus();
  }

  // --- what was kept

  /** Without an answer in time there was nothing. */
  #restored() {
    return new Promise((resolve) => {
      this.#uppy.once("restored", resolve);
      setTimeout(resolve, RESTORED_WITHIN_MS);
    });
  }

  /** Go on as soon as every file is there, unless somebody had paused. */
  #goOnIfWhole() {
    const { recoveredState } = this.#uppy.getState();
    const files = this.files;
    if (!recoveredState || !files.length) return;
    if (files.some((file) => file.isGhost || file.isPaused)) return;
    this.#uppy.emit("restore-confirmed");
  }

  /** One that was begun must come back unchanged: another of its name would not fit its beginning. */
  #mayAdd(file, files) {
    const begun = Object.values(files).find(({ isGhost, name }) => isGhost && name === file.name);
    if (!begun || begun.id === file.id) return !Object.hasOwn(files, file.id);
    this.#refusal = gettext(
      "“{got}” is not the file that was begun. Choose “{wanted}” again, unchanged.",
      { got: file.name, wanted: begun.name },
    );
    this.#draw();
    return false;
  }

  // --- what happens

  #changed() {
    this.#draw();
    const height = this.files.length ? FILLED_HEIGHT_PX : this.#heightPx;
    this.#uppy.getPlugin("Dashboard").setOptions({ height });
    setTimeout(() => this.#goOnIfWhole()); // once Uppy has written down what it tells
    this.dispatchEvent(new Event("change"));
  }

  #progressed(file, bytes) {
    this.#waiting = null;
    const before = this.#sentOf.get(file.id) ?? bytes; // what an earlier page sent is no speed
    this.#sentBytes += Math.max(0, bytes - before);
    this.#sentOf.set(file.id, bytes);
    this.#rate.add(this.#sentBytes);
  }

  #succeeded(file, url) {
    this.#forgive(file);
    const detail = { fileId: idIn(url), name: file.name, size: file.size };
    this.dispatchEvent(new CustomEvent("arrived", { detail }));
    setTimeout(() => this.#uppy.removeFile(file.id)); // once Uppy has noted that it is through
  }

  #failed(file, problem) {
    this.#problems.set(file.id, problem);
    announce(`${file.name}: ${problem.message}`);
    this.#changed();
  }

  #forgive(file) {
    this.#problems.delete(file.id);
    this.#changed();
  }

  /** Uppy deletes on the server what it was sending; what it only remembered, we do. */
  #removed(file) {
    const { uploadComplete } = file.progress;
    const isDeleted = this.#deletedByUppy.delete(file.id) || this.#isDeletedByUppy(file.id);
    const url = file.tus?.uploadUrl;
    if (url && !uploadComplete && !isDeleted) remove(`/api/uploads/${idIn(url)}/`).catch(() => {});
    this.#sentOf.delete(file.id);
    this.#forgive(file);
  }

  /** One that it took up a moment ago has no address yet, and is dropped without a word to the server. */
  #isDeletedByUppy(id) {
    return Boolean(this.#uppy.getPlugin("Tus").uploaders[id]?.url);
  }

  /** Before Uppy forgets what it is sending. */
  #cancelling() {
    const under = this.files.filter(({ id }) => this.#isDeletedByUppy(id));
    this.#deletedByUppy = new Set(under.map(({ id }) => id));
  }

  #mayRetry(error, attempt, usual) {
    const problem = problemOf(error);
    if (problem.status === FULL_DISK || problem.isSignedOut || !usual(error)) return false;
    this.#waiting = { problem, untilMs: performance.now() + RETRY_DELAYS_MS[attempt] };
    this.#rate.forget();
    this.#draw();
    return true;
  }

  /** End the wait for the server. */
  #tryNow() {
    this.#waiting = null;
    for (const { id } of this.files.filter((file) => !file.isPaused && !file.error)) {
      this.#uppy.pauseResume(id);
      this.#uppy.pauseResume(id);
    }
    this.#draw();
  }

  // --- the page

  #draw() {
    const isMoving = this.isMovingBytes;
    if (!isMoving) this.#waiting = null;
    if (!isMoving) this.#rate.forget();
    this.#figures.textContent = this.#figureWords();
    this.#drawNotes(this.#noteNow());
  }

  /** Uppy's own figures count otherwise than the rest of the site, and know no speed. */
  #figureWords() {
    const files = this.files;
    if (!files.length) return "";
    const total = sum(files, ({ size }) => size);
    const done = sum(files, ({ progress }) => progress.bytesUploaded || 0);
    const values = { done: figures.bytes(done), total: figures.bytes(total) };
    const parts = [gettext("{done} of {total}", values)];
    if (this.#waiting || !this.#rate.bytesPerSecond) return parts[0];
    parts.push(figures.bytesPerSecond(this.#rate.bytesPerSecond));
    const left = this.#rate.secondsFor(total - done);
    if (left) parts.push(gettext("{time} left", { time: figures.duration(left) }));
    return parts.join(" · ");
  }

  /** @returns {null | {words: string, actions: string[]}} the one thing to know now */
  #noteNow() {
    if (this.#refusal) return { words: this.#refusal, actions: [] };
    const [problem] = this.#problems.values();
    if (problem?.isSignedOut) return { words: problem.message, actions: ["signIn", "retry"] };
    if (problem) return { words: this.#problemWords(), actions: ["retry"] };
    if (!this.#waiting) return null;
    const { problem: why, untilMs } = this.#waiting;
    const time = figures.duration(Math.max(0, untilMs - performance.now()) / 1000);
    const values = { why: why.message, time };
    return { words: gettext("{why} Trying again in {time}.", values), actions: ["now"] };
  }

  #problemWords() {
    const named = [...this.#problems].map(([id, { message }]) => {
      const name = this.#uppy.getFile(id)?.name ?? "";
      return `${name}: ${message}`;
    });
    return named.join("\n");
  }

  /** The elements stay while only the words change: a button keeps its focus. */
  #drawNotes(note) {
    const kind = note ? note.actions.join() : "none";
    if (this.#notes.dataset.kind !== kind) {
      this.#notes.dataset.kind = kind;
      this.#notes.replaceChildren(...(note ? [this.#noteView(note)] : []));
    }
    const words = this.#notes.querySelector("p");
    if (note && words.textContent !== note.words) words.textContent = note.words;
  }

  #noteView({ actions }) {
    const isWait = actions.includes("now");
    const small = { class: "quiet small" };
    const views = {
      signIn: () =>
        element("a", { href: "/login/", target: "_blank", class: "button small" }, gettext("Sign in")),
      retry: () => button(gettext("Try again"), () => this.#uppy.retryAll(), small),
      now: () => button(gettext("Try now"), () => this.#tryNow(), small),
    };
    return element(
      "div",
      { class: isWait ? "note" : "note bad", role: isWait ? null : "alert" },
      element("p", {}),
      actions.map((name) => views[name]()),
    );
  }
}

function sum(things, valueOf) {
  return things.reduce((total, thing) => total + valueOf(thing), 0);
}

/** The server's name of an upload: the last part of its address. */
function idIn(url) {
  return new URL(url, location.href).pathname.split("/").filter(Boolean).pop();
}
