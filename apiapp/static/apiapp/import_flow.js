/** Everything between the drop zone and the cards: on the import page and on the home page. */

import { announce } from "../site/announcer.js";
import { get } from "../site/api.js";
import { DropZone } from "./drop_zone.js";
import { element } from "../site/elements.js";
import { allWords, gettext } from "../site/i18n.js";
import { feed } from "./job_feed.js";
import { OtherWindows } from "./other_windows.js";
import { ResumeStore } from "./resume_store.js";
import { keepSlot, keptSlots, newSlot } from "./upload_slots.js";

const RECENT = 20;
const RUNNING = new Set(["queued", "running"]);
const LEAST_HEIGHT_PX = 280; // of the Dashboard, so that a list of files has its place in it

/** Fetched with the first file: a page where nothing is dropped does not need them. */
async function cardModules() {
  await Promise.all([allWords(), cardStyles()]);
  const [{ ImportCard }, { ImportItem }] = await Promise.all([
    import("./import_card.js"),
    import("./import_item.js"),
  ]);
  return { ImportCard, ImportItem };
}

/** Once: they stay. */
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
  #slot = "";
  #windows = new OtherWindows((name) => this.#works(name));
  #drop = new DropZone(this.#zone, (files) => this.#take(files));
  #uploader = null;
  #opening = null; // the promise of the uploader
  #isInPlace = false; // whether the uploader stands in the zone's place while nothing is sent

  constructor() {
    setInterval(() => this.#tick(), 1000);
    addEventListener("beforeunload", (event) => {
      if (this.#uploader?.isMovingBytes) event.preventDefault();
    });
    this.#recall();
  }

  get #tools() {
    return { feed, store: this.#store };
  }

  /** Open the browser's file dialog. */
  open() {
    this.#drop.open();
  }

  /** Have the uploader in the drop zone's place before anybody brings a file. */
  async prepare() {
    this.#isInPlace = true;
    await this.#open();
    this.#shape();
  }

  /** Go on with a file that the server has. @param {string} fileId */
  async goOnWith(fileId) {
    try {
      const { filename: name, size } = await get(`/api/uploads/${encodeURIComponent(fileId)}/`);
      await this.#arrived({ fileId, name, size });
    } catch (problem) {
      this.#complain(problem.message);
    }
  }

  // --- files

  async #take(files) {
    const readable = await Promise.all(files.map((file) => this.#isReadable(file)));
    const taken = files.filter((_, at) => readable[at]);
    if (!taken.length) return;
    const uploader = await this.#open();
    uploader?.add(taken);
  }

  /** False, and words that say so, if the browser cannot read it: it is gone, or a folder. */
  async #isReadable(file) {
    try {
      await file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      const { name } = file;
      this.#complain(gettext("“{name}” cannot be read: it is a folder, or it has gone.", { name }));
      return false;
    }
  }

  #complain(words) {
    this.#list.prepend(element("p", { class: "note bad", role: "alert" }, words));
  }

  /** The uploader, fetched when it is first needed. */
  #open() {
    this.#opening ??= this.#openUploader().catch(() => {
      this.#opening = null; // another try fetches again
      this.#complain(gettext("The part of this page that sends files could not be fetched. Try again."));
      return null;
    });
    return this.#opening;
  }

  async #openUploader() {
    const [{ Uploader }, wasBegun] = await Promise.all([
      allWords().then(() => import("./uploader.js")),
      this.#claimSlot(),
    ]);
    const uploader = await Uploader.open(this.#slot, {
      place: (root) => this.#zone.before(root),
      heightPx: Math.max(LEAST_HEIGHT_PX, this.#zone.offsetHeight),
      wasBegun,
    });
    uploader.addEventListener("change", () => this.#shape());
    uploader.addEventListener("arrived", ({ detail }) => this.#arrived(detail));
    this.#uploader = uploader;
    this.#shape();
    return uploader;
  }

  /** A file that arrived becomes a card, or the card of it that is there already. */
  async #arrived(about) {
    const { ImportItem } = await cardModules();
    const known = [...this.#cards.keys()].find(({ fileId }) => fileId === about.fileId);
    const item = known ?? (await this.#add(new ImportItem(about, this.#tools)));
    if (!known) item.begin();
    const { activeElement: at } = document;
    const wasSending = this.#uploader?.root.contains(at) || this.#zone.contains(at);
    if (wasSending) this.#cards.get(item).root.focus({ preventScroll: true });
  }

  async #add(item) {
    const { ImportCard } = await cardModules();
    const card = new ImportCard(item, { onDismiss: () => this.#dismiss(item) });
    this.#cards.set(item, card);
    this.#list.append(card.root);
    this.#shape();
    return item;
  }

  #dismiss(item) {
    const { root } = this.#cards.get(item);
    const next = root.nextElementSibling ?? root.previousElementSibling;
    this.#cards.delete(item);
    root.remove();
    this.#shape();
    (next?.querySelector("button, a, input") ?? this.#place().querySelector("button")).focus();
  }

  // --- after a reload

  async #recall() {
    if (keptSlots().length) this.#open();
    const entries = await this.#unfinished();
    const known = new Set(entries.map((entry) => entry.importId));
    const { results } = await get(`/api/imports/?limit=${RECENT}`).catch(() => ({ results: [] }));
    const running = results.filter(
      ({ id, state, dry_run: isTried }) => RUNNING.has(state) && !isTried && !known.has(id),
    );
    if (!entries.length && !running.length) return;
    const { ImportItem } = await cardModules();
    for (const entry of entries) {
      const item = await this.#add(new ImportItem(entry, this.#tools));
      item.recall(entry);
    }
    for (const record of running.reverse()) {
      const item = await this.#add(ImportItem.ofRecord(record, this.#tools));
      item.watch();
    }
    if (entries.length) announce(gettext("There are files that are not finished."));
  }

  /** What arrived from this browser and no other window of it is working on. */
  #unfinished() {
    return this.#free(this.#store.all(), ({ fileId }) => fileId);
  }

  /** Choose where this window keeps its files. @returns {Promise<boolean>} whether some are there */
  async #claimSlot() {
    const [begun] = await this.#free(keptSlots(), (name) => name);
    this.#slot = begun ?? newSlot();
    return begun !== undefined;
  }

  async #free(things, nameOf) {
    const elsewhere = await Promise.all(things.map((thing) => this.#windows.have(nameOf(thing))));
    return things.filter((_, at) => !elsewhere[at]);
  }

  /** Whether this window works on the file, or keeps its files under that name. */
  #works(name) {
    return name === this.#slot || [...this.#cards.keys()].some(({ fileId }) => fileId === name);
  }

  // --- the page

  #tick() {
    for (const [item, card] of this.#cards) if (!item.hasEnded) card.draw();
  }

  /** What takes files now: the uploader, or the plain zone. */
  #place() {
    return this.#zone.hidden ? this.#uploader.root : this.#zone;
  }

  #shape() {
    this.#zone.classList.toggle("small", this.#cards.size > 0);
    if (!this.#uploader) return;
    const hasFiles = this.#uploader.files.length > 0;
    keepSlot(this.#slot, hasFiles);
    const isShown = hasFiles || (this.#isInPlace && !this.#cards.size);
    const hadFocus = this.#place().contains(document.activeElement);
    this.#zone.hidden = isShown;
    this.#uploader.root.hidden = !isShown;
    if (hadFocus && !this.#place().contains(document.activeElement)) {
      this.#place().querySelector("button").focus();
    }
  }
}
