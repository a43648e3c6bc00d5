/** The rows of a dataset: what is asked for, the grid that shows it, and what is done to it. */

import { announce } from "../site/announcer.js";
import { get } from "../site/api.js";
import { isolated } from "../site/bidi.js";
import { LateDeletion } from "../apiapp/late_deletion.js";
import { button } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { emptyView, errorView } from "../site/states.js";
import { Asked } from "./asked.js";
import { CellEditor } from "./cell_editor.js";
import { ColumnChanges } from "./column_changes.js";
import { openColumnMenu, openFilter } from "./column_menu.js";
import { GridTools } from "./grid_tools.js";
import { GridView } from "./grid_view.js";
import { Layout } from "./layout.js";
import { RowBlocks } from "./row_blocks.js";
import { RowEdits } from "./row_edits.js";
import { RowPanel } from "./row_panel.js";
import { Toast } from "./toast.js";

const BLOCK_ROWS = 100;
const FEWEST_ROWS = 10;
const BLOCK_CELLS = 6000; // of a very wide table fewer rows come at once
const COPIED_CELLS_MAX = 200_000;

export class DatasetGrid {
  #dataset;
  #path;
  #asked = Asked.from(location.search);
  #layout;
  #blocks;
  #view;
  #tools;
  #edits;
  #panel;
  #changes = null;
  #toast;
  #box;
  #message;

  /** @param {Dataset} dataset @param {HTMLElement} page where the parts have their places */
  constructor(dataset, page) {
    this.#dataset = { ...dataset, columns: shownColumns(dataset.columns) };
    this.#path = `/api/datasets/${encodeURIComponent(dataset.slug)}/`;
    this.#box = page.querySelector("#rows");
    this.#message = page.querySelector("#rows-message");
    this.#toast = new Toast(page.querySelector("#toast"));
    this.#layout = new Layout(dataset.slug, this.columns);
    const blockRows = Math.max(FEWEST_ROWS, Math.min(BLOCK_ROWS, Math.floor(BLOCK_CELLS / dataset.columns.length)));
    this.#blocks = new RowBlocks(`${this.#path}rows/window/`, blockRows);
    this.#view = new GridView(this.#box, this.#blocks, this.#layout, this.#asked);
    this.#edits = new RowEdits(`${this.#path}rows/`);
    this.#panel = new RowPanel(page.querySelector("#row-panel"), this.#edits, this.mayEdit);
    if (this.mayEdit) this.#changes = new ColumnChanges(`${this.#path}columns/`, (...said) => this.#onColumnsChanged(...said));
    this.#tools = new GridTools(page, this);
    this.#listen();
  }

  get mayEdit() {
    return this.#dataset.role !== "viewer";
  }

  get asked() {
    return this.#asked;
  }

  get layout() {
    return this.#layout;
  }

  get columns() {
    return this.#dataset.columns;
  }

  get count() {
    return this.#blocks.count;
  }

  get total() {
    return this.#dataset.row_count;
  }

  /** Show the rows that the address asks for. */
  async load() {
    this.#tell("sluice:asked");
    this.#message.replaceChildren();
    this.#view.asked = this.#asked;
    this.#tools.showWaiting(this.#isSlowOrder());
    this.#box.setAttribute("aria-busy", "true");
    await this.#blocks.ask(String(this.#asked));
  }

  /** After the rows were changed from elsewhere. */
  async reload() {
    Object.assign(this.#dataset, { row_count: (await get(this.#path)).row_count });
    await this.load();
  }

  /** Ask for something else, as a step of its own in the browser's history. */
  ask(asked) {
    this.#asked = asked;
    history.pushState(null, "", asked.toString() ? `?${asked}` : location.pathname);
    this.#view.toTop();
    return this.load();
  }

  filterBy(column, anchor) {
    openFilter(anchor, column, this.#menuPage);
  }

  addRow() {
    this.#panel.showNew(this.#layout.all);
  }

  addColumn() {
    this.#changes.add();
  }

  // --- what the parts tell

  #listen() {
    addEventListener("popstate", () => {
      this.#asked = Asked.from(location.search);
      this.#view.toTop();
      this.load();
    });
    this.#blocks.addEventListener("rows", () => this.#onRows());
    this.#blocks.addEventListener("problem", ({ detail }) => this.#onProblem(detail));
    const on = (kind, act) => this.#view.addEventListener(kind, ({ detail }) => act(detail));
    on("sort", ({ name, isAdded }) => this.#sort(name, isAdded));
    on("menu", ({ name }) => this.#openMenu(name));
    on("open", ({ position }) => this.#open(position));
    on("edit", (detail) => this.#edit(detail));
    on("clear", (detail) => this.#clear(detail));
    on("copy", () => this.#copy());
    on("undo", () => this.#undo());
    this.#panel.addEventListener("step", ({ detail }) => this.#step(detail));
    this.#panel.addEventListener("saved", ({ detail }) => this.#onSaved(detail));
    this.#panel.addEventListener("added", ({ detail }) => this.#onAdded(detail));
    this.#panel.addEventListener("delete", ({ detail }) => this.#delete(detail));
    this.#panel.addEventListener("closed", () => this.#view.cell()?.focus({ preventScroll: true }));
  }

  #onRows() {
    this.#box.removeAttribute("aria-busy");
    this.#tools.showCount();
    this.#box.hidden = this.count === 0;
    if (this.count > 0) this.#message.replaceChildren();
    else this.#message.replaceChildren(this.#emptyView());
  }

  #onProblem(problem) {
    const again = () => this.load();
    const view = errorView(problem, again);
    if (String(this.#asked)) view.append(" ", button(gettext("Show all rows"), () => this.ask(new Asked()), { class: "quiet small" }));
    this.#message.replaceChildren(view);
    this.#box.removeAttribute("aria-busy");
    this.#tools.showCount();
  }

  #emptyView() {
    if (this.#asked.isNarrowed) {
      const all = button(gettext("Remove the filters"), () => this.ask(this.#asked.unnarrowed()), { class: "quiet small" });
      return emptyView(gettext("No row matches."), all);
    }
    const add = this.mayEdit && button(gettext("Add row"), () => this.addRow(), { class: "quiet small" });
    return emptyView(gettext("This table has no rows."), ...[add].filter(Boolean));
  }

  /** Sorted by what no index serves, a large table is read whole. */
  #isSlowOrder() {
    const [first] = this.#asked.order;
    return Boolean(first) && !this.columns.find(({ name }) => name === first.column)?.indexed;
  }

  #sort(name, isAdded) {
    if (this.columns.find((column) => column.name === name)?.type === "json") return;
    this.ask(this.#asked.turned(name, isAdded)).then(() => {
      const direction = this.#asked.directionOf(name);
      const words = { ascending: gettext("Sorted ascending."), descending: gettext("Sorted descending."), none: gettext("Not sorted by this.") };
      announce(words[direction]);
    });
  }

  get #menuPage() {
    const { asked, layout } = this;
    const ask = (wanted) => this.ask(wanted);
    const tell = (problem) => this.#toast.tell(problem.message);
    return { asked, layout, ask, changes: this.#changes, tell, frequent: (column) => this.#frequent(column) };
  }

  #openMenu(name) {
    const column = this.columns.find((each) => each.name === name);
    openColumnMenu(this.#view.headerOf(name), column, this.#menuPage);
  }

  /** The most frequent values of a column in the rows that all else lets through. */
  async #frequent({ name }) {
    const others = this.#asked.filtered(name, []).sortedBy(name, "none");
    return (await get(`${this.#path}columns/${encodeURIComponent(name)}/statistics/?${others}`)).top;
  }

  // --- rows

  #open(position, options) {
    const row = this.#blocks.row(position);
    if (row) this.#panel.show(row, this.#layout.all, options);
  }

  async #step(by) {
    const position = Math.min(Math.max(this.#view.active.position + by, 0), this.count - 1);
    this.#view.goTo(position);
    await this.#blocks.between(position, position);
    this.#open(position);
  }

  #edit({ position, name, text }) {
    const row = this.#blocks.row(position);
    const column = this.columns.find((each) => each.name === name);
    const cell = this.#view.cell();
    if (!row || !cell || !column) return;
    if (!this.mayEdit) {
      if (text === undefined) this.#open(position);
      return;
    }
    const done = (changed, move) => {
      this.#view.forget(position);
      if (changed) this.#onSaved(changed);
      if (move) this.#view.goTo(position + move[0], Math.max(1, this.#view.active.at + move[1]));
    };
    new CellEditor(cell, column, row, this.#edits, done).begin(text);
  }

  async #clear({ position, name }) {
    const row = this.#blocks.row(position);
    if (!this.mayEdit || !row || row[name] === null) return;
    try {
      const now = await this.#edits.fresh(row._id);
      this.#onSaved(await this.#edits.save(now, { [name]: null }));
    } catch (problem) {
      this.#toast.tell(problem.message);
    }
  }

  #onSaved(row) {
    this.#blocks.replace(row);
    this.#tell("sluice:edited");
    this.#toast.tell(gettext("Saved."), this.#edits.mayUndo ? () => this.#undo() : null);
  }

  async #undo() {
    if (!this.#edits.mayUndo) return;
    try {
      const row = await this.#edits.undo();
      this.#blocks.replace(row);
      this.#tell("sluice:edited");
      if (this.#panel.isOpen) this.#panel.show(row, this.#layout.all, { hasFocus: false });
      this.#toast.tell(gettext("The change was taken back."));
    } catch (problem) {
      this.#toast.tell(problem.message);
    }
  }

  async #onAdded(row) {
    this.#dataset.row_count += 1;
    this.#tell("sluice:edited");
    await this.#blocks.refresh(this.#asked.isNarrowed || this.#asked.order.length ? 0 : this.total - 1);
    this.#panel.show(row, this.#layout.all);
    const position = this.#blocks.positionOf(row._id);
    if (position >= 0) this.#view.goTo(position);
    this.#toast.tell(gettext("The row was added."));
  }

  /** It goes a little later, so that it can be taken back with its number and all. */
  #delete(rowId) {
    this.#panel.close();
    const position = this.#blocks.positionOf(rowId);
    this.#view.setLeaving(rowId, true);
    const late = new LateDeletion(this.#edits.pathOf(rowId), (problem) => {
      this.#view.setLeaving(rowId, false);
      if (problem) this.#toast.tell(problem.message);
      else this.#onDeleted(position);
    });
    this.#toast.tell(gettext("The row is being deleted."), () => {
      late.undo();
      this.#view.setLeaving(rowId, false);
    });
  }

  async #onDeleted(position) {
    this.#dataset.row_count -= 1;
    this.#tell("sluice:edited");
    await this.#blocks.refresh(Math.max(0, position));
  }

  async #copy() {
    if (this.#view.markedCells > COPIED_CELLS_MAX) {
      this.#toast.tell(gettext("These are too many cells to copy: export them instead."));
      return;
    }
    const rows = await this.#view.markedText();
    const cells = rows.flat().length;
    const text = rows.map((row) => row.map(forSpreadsheet).join("\t")).join("\n");
    const isCopied = await this.#toast.copy(text);
    this.#toast.tell(isCopied ? gettext("Copied: {count} cells.", { count: cells }) : gettext("This browser does not let pages copy."));
  }

  // --- columns

  async #onColumnsChanged(sentence, undo) {
    const fresh = await get(this.#path);
    this.#dataset.columns = shownColumns(fresh.columns);
    this.#layout.columns = this.columns;
    const isThere = (name) => name === "_id" || this.columns.some((column) => column.name === name);
    const kept = this.#asked.onlyOf(isThere);
    if (String(kept) === String(this.#asked)) this.load();
    else this.ask(kept);
    this.#tell("sluice:columns");
    this.#toast.tell(sentence, undo && (() => undo().catch((problem) => this.#toast.tell(problem.message))));
  }

  /** The parts of the page that are none of the grid. */
  #tell(what) {
    this.#box.dispatchEvent(new CustomEvent(what, { bubbles: true }));
  }
}

/** With labels that turn no sentence around; `written` is what was given. */
function shownColumns(columns) {
  return columns.map((column) => ({ ...column, label: isolated(column.label), written: column.label }));
}

/** A cell with a tab or a line break is quoted, as spreadsheets read it. */
function forSpreadsheet(text) {
  return /[\t\n\r"]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
