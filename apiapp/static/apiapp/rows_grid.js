/** A page of a dataset's rows at a time, by key: as fast at the end of a million as at the start. */

import { announce } from "./announcer.js";
import { get } from "./api.js";
import { button, element, icon } from "./elements.js";
import * as figures from "./figures.js";
import { gettext } from "./i18n.js";
import { NUMERIC, TYPES } from "./column_types.js";
import { emptyView, errorView } from "./states.js";

const ROWS = 100;
const FEWEST_ROWS = 10;
const CELLS = 12_000; // of a very wide table fewer rows are drawn at once
const SHOWN_CHARS = 200;

export class RowsGrid {
  #dataset;
  #columns;
  #asked; // URLSearchParams: order, search, cursor
  #links = { next: null, previous: null };
  #box;
  #table = element("table", { class: "grid" });
  #pager = element("div", { class: "actions" });
  #loading = 0;

  /** @param {Dataset} dataset @param {HTMLElement} box the scrolling place for the table */
  constructor(dataset, box) {
    this.#dataset = dataset;
    this.#columns = dataset.columns;
    this.#box = box;
    this.#readAddress();
    addEventListener("popstate", () => {
      this.#readAddress();
      this.load();
    });
  }

  get pager() {
    return this.#pager;
  }

  get searched() {
    return this.#asked.get("search") ?? "";
  }

  /** @param {string} text that any text column contains; empty: all rows */
  search(text) {
    this.#ask({ search: text, cursor: "" });
  }

  /** Draw the page that the address asks for. */
  async load() {
    const turn = ++this.#loading;
    this.#box.setAttribute("aria-busy", "true");
    try {
      const page = await get(this.#url());
      if (turn === this.#loading) this.#show(page);
    } catch (problem) {
      if (turn === this.#loading) this.#box.replaceChildren(errorView(problem, () => this.load()));
    } finally {
      if (turn === this.#loading) this.#box.removeAttribute("aria-busy");
    }
  }

  #url() {
    const limit = Math.max(FEWEST_ROWS, Math.min(ROWS, Math.floor(CELLS / this.#columns.length)));
    const asked = new URLSearchParams(this.#asked);
    asked.set("limit", limit);
    return `/api/datasets/${encodeURIComponent(this.#dataset.slug)}/rows/?${asked}`;
  }

  #readAddress() {
    const address = new URLSearchParams(location.search);
    this.#asked = new URLSearchParams();
    for (const name of ["order", "search", "cursor"]) {
      if (address.get(name)) this.#asked.set(name, address.get(name));
    }
  }

  /** Ask for something else, as a step of its own in the browser's history. */
  #ask(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (value) this.#asked.set(name, value);
      else this.#asked.delete(name);
    }
    history.pushState(null, "", `?${this.#asked}`);
    return this.load();
  }

  #show({ results, next, previous }) {
    this.#links = { next, previous };
    this.#drawPager();
    if (!results.length) {
      const words = this.searched ? gettext("No row contains this.") : gettext("This table has no rows.");
      this.#box.replaceChildren(emptyView(words));
      return;
    }
    const rows = results.map((row) => this.#row(row));
    this.#table.replaceChildren(this.#head(), element("tbody", {}, rows));
    this.#box.replaceChildren(this.#table);
    this.#box.scrollTop = 0;
  }

  // --- header

  #head() {
    const first = element("th", { scope: "col", class: "row-id number" }, gettext("Row"));
    const headers = this.#columns.map((column) => this.#header(column));
    return element("thead", {}, element("tr", {}, first, headers));
  }

  #header({ name, label, type }) {
    const [sorted, direction] = (this.#asked.get("order") ?? "").split(".");
    const isSorted = sorted === name;
    const order = isSorted ? (direction === "desc" ? "descending" : "ascending") : "none";
    const arrow = isSorted ? icon(direction === "desc" ? "down" : "up") : null;
    const words = [element("span", {}, label, arrow), element("small", {}, TYPES[type])];
    return element(
      "th",
      { scope: "col", "aria-sort": order, class: NUMERIC.has(type) ? "number" : null },
      type === "json"
        ? element("span", { class: "unsorted" }, words)
        : button(words, () => this.#sortBy(name, order)),
    );
  }

  /** Up, down, and back to the order of the file. */
  async #sortBy(name, order) {
    const next = { none: name, ascending: `${name}.desc`, descending: "" }[order];
    await this.#ask({ order: next, cursor: "" });
    const at = this.#columns.findIndex((column) => column.name === name);
    this.#table.querySelectorAll("thead button, thead .unsorted")[at]?.focus();
  }

  // --- rows

  #row(row) {
    return element(
      "tr",
      {},
      element("th", { scope: "row", class: "row-id number" }, figures.number(row._id)),
      this.#columns.map(({ name, type }) => cell(row[name], type)),
    );
  }

  #drawPager() {
    const { next, previous } = this.#links;
    const turn = (words, url) =>
      button(words, () => this.#turnTo(url, words), { class: "quiet small", disabled: !url });
    this.#pager.replaceChildren(turn(gettext("Previous"), previous), turn(gettext("Next"), next));
    this.#pager.hidden = !next && !previous;
  }

  async #turnTo(url, words) {
    await this.#ask({ cursor: new URL(url).searchParams.get("cursor") });
    const again = [...this.#pager.children].find((each) => each.textContent === words && !each.disabled);
    (again ?? this.#box).focus();
    announce(gettext("Another page of rows is shown."));
  }
}

function cell(value, type) {
  if (value === null || value === undefined) return element("td", {});
  const text = typeof value === "object" ? JSON.stringify(value) : asText(value, type);
  const title = text.length > 40 ? text.slice(0, 2000) : null;
  return element("td", { class: NUMERIC.has(type) ? "number" : null, title }, text.slice(0, SHOWN_CHARS));
}

function asText(value, type) {
  if (type === "boolean") return value ? gettext("yes") : gettext("no");
  if (type === "timestamp") return value.replace("T", " ").replace("Z", " UTC");
  return String(value);
}
