/** The page /uploads/: one's files on the server and on their way to it, as they come. */

import "../site/shell.js";
import { announce } from "../site/announcer.js";
import { get } from "../site/api.js";
import { button, element, link, scrollBox, unseen } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { feed } from "./job_feed.js";
import { LateDeletion } from "./late_deletion.js";
import { inWords } from "../site/server_words.js";
import { addRows, emptyView, errorView, named, showIn, table, timeView } from "../site/states.js";
import { hintFor, protocolWords, stateOf } from "./upload_words.js";

const PAGE = 50;
const MOST = 1000; // that one request may ask for
const LOOK_MS = 2000; // while something arrives
const SELDOM_MS = 10_000;

class UploadsPage {
  #place = document.getElementById("uploads");
  #rows = new Map(); // file id -> {upload, row}
  #deletions = new Map(); // file id -> LateDeletion
  #list = null;
  #lookedAtMs = performance.now();

  constructor() {
    showIn(this.#place, () => this.#view());
    setInterval(() => this.#lookAgain(), LOOK_MS);
    feed.addEventListener("jobs", ({ detail }) => detail && this.#onJob(detail));
  }

  async #view() {
    const { results, next } = await get(`/api/uploads/?limit=${PAGE}`);
    this.#rows.clear();
    this.#list = null;
    if (!results.length) return this.#empty();
    const headers = [
      gettext("File"),
      [gettext("Size"), "number"],
      gettext("State"),
      gettext("How it comes"),
      gettext("Begun"),
      unseen(gettext("What can be done")),
    ];
    const list = table(headers, results.map((upload) => this.#rowFor(upload)));
    list.classList.add("uploads");
    this.#list = list;
    return [scrollBox(gettext("Uploads"), list), ...this.#more(next)];
  }

  #empty() {
    const start = link("/import/", gettext("Send files"));
    start.className = "button";
    const words = gettext(
      "No file yet. Send one here, or from a program: the API takes it by any protocol.",
    );
    return emptyView(words, start);
  }

  #more(next) {
    if (!next) return [];
    const add = async () => {
      try {
        const page = await get(next);
        const news = page.results.filter(({ file_id: id }) => !this.#rows.has(id));
        addRows(this.#list, news.map((upload) => this.#rowFor(upload)));
        load.replaceWith(...this.#more(page.next));
      } catch (problem) {
        load.replaceWith(errorView(problem, add));
      }
    };
    const load = button(gettext("Show more"), add, { class: "quiet" });
    return [load];
  }

  // --- news

  /** Read the list again: often while something arrives, seldom otherwise, never unseen. */
  async #lookAgain() {
    if (document.hidden) return;
    const isArriving = [...this.#rows.values()].some(({ upload }) => !hasEnded(upload));
    const pauseMs = isArriving ? LOOK_MS : SELDOM_MS;
    if (performance.now() - this.#lookedAtMs < pauseMs * 0.9) return;
    this.#lookedAtMs = Infinity;
    const limit = Math.min(MOST, Math.max(PAGE, this.#rows.size));
    const page = await get(`/api/uploads/?limit=${limit}`).catch(() => null); // asked again soon
    this.#lookedAtMs = performance.now();
    if (page) this.#takeIn(page.results, { isAll: !page.next });
  }

  #takeIn(uploads, { isAll }) {
    if (!this.#list) {
      if (uploads.length) showIn(this.#place, () => this.#view());
      return;
    }
    for (const upload of [...uploads].reverse()) this.#takeInOne(upload);
    const there = new Set(uploads.map(({ file_id: id }) => id));
    if (isAll) for (const id of this.#rows.keys()) if (!there.has(id)) this.#forget(id);
  }

  #takeInOne(upload) {
    const known = this.#rows.get(upload.file_id);
    if (!known) {
      this.#list.tBodies[0].prepend(named(this.#rowFor(upload), this.#list));
      return;
    }
    if (JSON.stringify(known.upload) === JSON.stringify(upload)) return;
    if (known.upload.state !== upload.state) announce(`${upload.filename}: ${stateOf(upload)[1]}`);
    known.upload = upload;
    this.#draw(known);
  }

  /** A verification that begins or ends: the list says what became of the file. */
  #onJob(job) {
    const isOurs = [...this.#rows.values()].some(({ upload }) => upload.job_id === job.id);
    if (isOurs) this.#lookedAtMs = -Infinity;
  }

  // --- rows

  #rowFor(upload) {
    const entry = { upload, row: element("tr") };
    this.#rows.set(upload.file_id, entry);
    entry.row.append(...this.#cellsFor(upload));
    return entry.row;
  }

  /** What had the focus gives it to what stands in its place; what was unfolded stays so. */
  #draw({ upload, row }) {
    const reachable = () => [...row.querySelectorAll("summary, a, button")];
    const at = reachable().indexOf(document.activeElement);
    const isUnfolded = row.querySelector("details")?.open;
    row.replaceChildren(...this.#cellsFor(upload));
    named(row, this.#list);
    if (isUnfolded) row.querySelector("details")?.setAttribute("open", "");
    if (at >= 0) (reachable()[at] ?? reachable()[0])?.focus();
  }

  #cellsFor(upload) {
    const { file_id: id, filename, size, created_at: begun } = upload;
    if (this.#deletions.has(id)) return this.#deletedCells(upload);
    return [
      element("th", { scope: "row" }, filename, ownerView(upload)),
      element("td", { class: "number" }, size === null ? gettext("not known yet") : figures.bytes(size)),
      element("td", { class: "upload-state" }, stateView(upload)),
      element("td", {}, protocolWords(upload)),
      element("td", {}, timeView(begun)),
      element("td", {}, element("div", { class: "actions" }, this.#actions(upload))),
    ];
  }

  #deletedCells(upload) {
    const { filename: name } = upload;
    const words = gettext("“{name}” is being deleted.", { name });
    const undo = button(gettext("Undo"), () => this.#undo(upload), { class: "quiet small" });
    const line = element("div", { class: "undo-line" }, element("span", {}, words), undo);
    return [element("td", { colspan: 6 }, line)];
  }

  #actions(upload) {
    const { file_id: id, filename: name, state } = upload;
    const small = (words) => ({ class: "button quiet small", "aria-label": `${words}: ${name}` });
    const path = `/api/uploads/${encodeURIComponent(id)}/`;
    const remove = gettext("Delete");
    const made = [];
    if (state === "finished") {
      const load = gettext("Import this file");
      const save = gettext("Download");
      made.push(
        element("a", { href: `/import/?file=${encodeURIComponent(id)}`, ...small(load) }, load),
        element("a", { href: `${path}content/`, download: name, ...small(save) }, save),
      );
    }
    made.push(button(remove, () => this.#delete(upload), { ...small(remove), class: "quiet small" }));
    return made;
  }

  // --- deleting

  #delete({ file_id: id, filename: name }) {
    const path = `/api/uploads/${encodeURIComponent(id)}/`;
    this.#deletions.set(id, new LateDeletion(path, (problem) => this.#deleted(id, problem)));
    this.#draw(this.#rows.get(id));
    this.#rows.get(id).row.querySelector("button").focus();
    announce(gettext("“{name}” is being deleted.", { name }));
  }

  #undo({ file_id: id }) {
    this.#deletions.get(id)?.undo();
    this.#deletions.delete(id);
    this.#draw(this.#rows.get(id));
  }

  #deleted(id, problem) {
    this.#deletions.delete(id);
    const entry = this.#rows.get(id);
    if (!entry) return;
    if (!problem) {
      this.#forget(id);
      return;
    }
    this.#draw(entry);
    entry.row.cells[0].append(element("p", { class: "note bad", role: "alert" }, problem.message));
  }

  #forget(id) {
    const { row } = this.#rows.get(id);
    const hadFocus = row.contains(document.activeElement);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#rows.delete(id);
    if (hadFocus) next?.querySelector("a, button")?.focus();
    if (!this.#rows.size) showIn(this.#place, () => this.#view());
  }
}

/** Staff see everybody's: whose it is, unless it is their own. */
function ownerView({ owner }) {
  if (owner === document.querySelector(".who")?.textContent) return null;
  return element("span", { class: "muted" }, " ", gettext("of {owner}", { owner }));
}

function hasEnded({ state }) {
  return state === "finished" || state === "failed";
}

function stateView(upload) {
  const [look, words] = stateOf(upload);
  const chip = element("span", { class: `state ${look}` }, words);
  if (upload.state === "finished") return chip;
  const parts = [chip];
  if (upload.state === "receiving") parts.push(...progressView(upload));
  if (upload.error) parts.push(element("p", { class: "job-error" }, inWords(upload.error)));
  if (upload.state !== "verifying") parts.push(...hintView(upload));
  return element("div", {}, parts);
}

function progressView({ filename, received, size }) {
  const done = figures.bytes(received);
  const words = size === null ? done : gettext("{done} of {total}", { done, total: figures.bytes(size) });
  const value = size ? received / size : null;
  return [
    element("progress", { "aria-label": filename, max: "1", value }),
    element("span", { class: "muted small" }, words),
  ];
}

function hintView(upload) {
  const { expires_at: expires } = upload;
  const hint = hintFor(upload);
  const last = expires && [gettext("Deleted if nothing more comes:"), " ", timeView(expires)];
  const lines = [hint, last].filter(Boolean).map((words) => element("p", {}, words));
  if (!lines.length) return [];
  const asked = element("summary", {}, gettext("How to go on"));
  return [element("details", { class: "hint" }, asked, lines)];
}

new UploadsPage();
