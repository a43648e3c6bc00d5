/** Everything between the drop zone and the cards: on the import page and on the home page. */

import { announce } from "./announcer.js";
import { get } from "./api.js";
import { DropZone } from "./drop_zone.js";
import { element } from "./elements.js";
import { allWords, gettext } from "./i18n.js";
import { feed } from "./job_feed.js";
import { OtherWindows } from "./other_windows.js";
import { ResumeStore } from "./resume_store.js";

const RECENT = 20;
const RUNNING = new Set(["queued", "running"]);

/** Fetched with the first file: a page where nothing is dropped does not need them. */
async function cardModules() {
  await Promise.all([allWords(), cardStyles()]);
  const [{ ImportCard }, { ImportItem }, { fingerprint }] = await Promise.all([
    import("./import_card.js"),
    import("./import_item.js"),
    import("./fingerprint.js"),
  ]);
  return { ImportCard, ImportItem, fingerprint };
}

/** The import page has them from its start. */
async function cardStyles() {
  const { href } = new URL("../css/import.css", import.meta.url);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return;
  const styles = element("link", { rel: "stylesheet", href });
  const arrived = new Promise((resolve) => (styles.onload = styles.onerror = resolve));
  document.head.append(styles);
  await arrived;
}

export class ImportFlow {
  #zone = document.getElementById("drop-zone");
  #list = document.getElementById("import-cards");
  #store = new ResumeStore();
  #cards = new Map(); // item -> card
  #windows = new OtherWindows((fileId) => this.#items().some((item) => item.fileId === fileId));
  #picker = element("input", { type: "file", hidden: true });
  #drop;

  constructor() {
    this.#drop = new DropZone(this.#zone, (files) => this.#take(files));
    this.#zone.append(this.#picker);
    setInterval(() => this.#tick(), 1000);
    addEventListener("beforeunload", (event) => {
      if (this.#items().some((item) => item.isMovingBytes)) event.preventDefault();
    });
    this.#recall();
  }

  get #tools() {
    return { feed, store: this.#store };
  }

  #items() {
    return [...this.#cards.keys()];
  }

  /** Open the browser's file dialog. */
  open() {
    this.#drop.open();
  }

  // --- files

  async #take(files) {
    for (const file of files) await this.#takeOne(file);
    this.#startNext();
  }

  /** A file that was begun earlier goes on; any other is a new one. */
  async #takeOne(file) {
    const { ImportItem } = await cardModules();
    const print = await this.#fingerprintOf(file);
    if (print === null) return;
    const begun = this.#store.find(print);
    const known = this.#items().find((item) => begun && item.fileId === begun.fileId);
    if (!known) await this.#add(ImportItem.ofFile(file, print, this.#tools));
    else if (known.phase === "wanted") await this.#cards.get(known).goOnWith(file);
    else this.#cards.get(known).root.focus(); // chosen twice
  }

  /** null, and a card that says so, if the browser cannot read it: it is gone, or a folder. */
  async #fingerprintOf(file) {
    const { fingerprint } = await cardModules();
    try {
      return await fingerprint(file);
    } catch {
      const { name } = file;
      const words = gettext("“{name}” cannot be read: it is a folder, or it has gone.", { name });
      this.#list.prepend(element("p", { class: "note bad", role: "alert" }, words));
      return null;
    }
  }

  async #add(item) {
    const { ImportCard } = await cardModules();
    const card = new ImportCard(item, {
      onDismiss: () => this.#dismiss(item),
      chooseFile: (then) => this.#pick(then),
    });
    this.#cards.set(item, card);
    this.#list.append(card.root);
    item.addEventListener("change", () => this.#startNext());
    this.#shape();
    return item;
  }

  #dismiss(item) {
    const { root } = this.#cards.get(item);
    const next = root.nextElementSibling ?? root.previousElementSibling;
    this.#cards.delete(item);
    root.remove();
    (next?.querySelector("button, a, input") ?? this.#zone.querySelector("button")).focus();
    this.#shape();
    this.#startNext();
  }

  /** One file at a time has the line; the next begins when it is through, paused or stuck. */
  #startNext() {
    if (this.#items().some((item) => item.isMovingBytes)) return;
    this.#items().find((item) => item.phase === "queued")?.begin();
  }

  #pick(then) {
    this.#picker.onchange = () => {
      const [file] = this.#picker.files;
      this.#picker.value = "";
      if (file) then(file);
    };
    this.#picker.click();
  }

  // --- after a reload

  async #recall() {
    const entries = await this.#unfinished();
    const known = new Set(entries.map((entry) => entry.importId));
    const { results } = await get(`/api/imports/?limit=${RECENT}`).catch(() => ({ results: [] }));
    const running = results.filter(({ id, state }) => RUNNING.has(state) && !known.has(id));
    if (!entries.length && !running.length) return;
    const { ImportItem } = await cardModules();
    for (const entry of entries) {
      const item = await this.#add(ImportItem.ofEntry(entry, this.#tools));
      item.recall(entry);
    }
    for (const record of running.reverse()) {
      const item = await this.#add(ImportItem.ofRecord(record, this.#tools));
      item.watch();
    }
    if (entries.length) announce(gettext("There are files that are not finished."));
  }

  /** What this browser began and no other window of it is working on. */
  async #unfinished() {
    const entries = this.#store.all();
    const elsewhere = await Promise.all(entries.map(({ fileId }) => this.#windows.have(fileId)));
    return entries.filter((_, at) => !elsewhere[at]);
  }

  // --- the page

  #tick() {
    for (const [item, card] of this.#cards) if (!item.hasEnded) card.draw();
  }

  #shape() {
    this.#zone.classList.toggle("small", this.#cards.size > 0);
  }
}
