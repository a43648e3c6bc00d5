/** What an import refused: by column and kind, cell by cell, and the ways to put it right. */

import { get } from "../site/api.js";
import { button, element, scrollBox } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { refusalFilter } from "./refusal_filter.js";
import { refusalLine } from "./import_difference.js";
import { inWords } from "../site/server_words.js";
import { addRows, showIn, table } from "../site/states.js";

const PAGE = 5;
const SHOWN_CHARS = 80;
const MANY = 3; // so many cells of a column that are not of its type speak for another type

export class RefusalsView {
  #item;
  #summary = element("div");
  #list = element("div");
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #mending = element("div");
  #next = ""; // of the list's next page

  /** @param {ImportItem} item whose import refused some rows */
  constructor(item) {
    this.#item = item;
    this.root = element("section", { class: "refusals" }, this.#summary, this.#list, this.#ways(), this.#trouble, this.#mending);
    showIn(this.#summary, () => this.#summaryView());
    showIn(this.#list, () => this.#firstPage());
  }

  get #url() {
    return `/api/imports/${this.#item.record.id}`;
  }

  // --- by column and kind

  async #summaryView() {
    const { cells } = await get(`${this.#url}/errors/summary/`);
    const filter = refusalFilter(cells, (asked) => showIn(this.#list, () => this.#firstPage(asked)));
    const lines = cells.map((each) => element("li", {}, refusalLine(each)));
    return [
      element("ul", { class: "refusal-lines" }, lines.slice(0, 10)),
      ...cells.filter((each) => this.#couldBeText(each)).map((each) => this.#offer(each)),
      ...[filter].filter(Boolean),
    ];
  }

  /** Where this import made the table, and this page knows how, it can be made again. */
  #couldBeText({ kind, column, count }) {
    const { wanted } = this.#item;
    if (kind !== "type" || count < MANY || wanted?.mode !== "create") return false;
    return wanted.columns.some(({ label }) => label === column);
  }

  #offer({ column, count }) {
    const words = ngettext(
      "{count} cell of “{column}” is not of its type.",
      "{count} cells of “{column}” are not of its type.",
      count,
      { column },
    );
    const widen = button(gettext("Make it text and load again"), () => this.#attempt(widen, () => this.#widen(column)), { class: "quiet small" });
    return element("p", { class: "note warn" }, words, " ", widen);
  }

  #widen(column) {
    const { wanted } = this.#item;
    const columns = wanted.columns.map((each) =>
      each.label === column ? { label: column, type: "text", required: each.required, unique: each.unique } : each,
    );
    return this.#item.loadAnew({ ...wanted, columns });
  }

  // --- cell by cell

  /** @param {Record<string, string>} [asked] a column and a kind */
  async #firstPage(asked = {}) {
    const { results, next } = await get(`${this.#url}/errors/?${new URLSearchParams({ ...asked, limit: PAGE })}`);
    const headers = [
      [gettext("Row"), "number"],
      gettext("Column"),
      gettext("Value"),
      gettext("Why it was refused"),
    ];
    const list = table(headers, results.map(refusedRow));
    const more = button(gettext("Show more"), () => this.#attempt(more, () => this.#showMore(list, more)), { class: "quiet small" });
    this.#next = next;
    more.hidden = !next;
    return [scrollBox(gettext("Refused rows"), list), more];
  }

  async #showMore(list, more) {
    const { results, next } = await get(this.#next);
    addRows(list, results.map(refusedRow));
    this.#next = next;
    more.hidden = !next;
    more.disabled = false;
  }

  // --- put it right

  #ways() {
    const input = element("input", { type: "file", class: "unseen", tabindex: "-1", "aria-label": gettext("The corrected file"), onchange: () => this.#attempt(choose, () => this.#goOn(input.files[0])) });
    const choose = button(gettext("Upload the corrected file"), () => input.click(), { class: "quiet small" });
    const edit = button(gettext("Correct them here"), () => this.#attempt(edit, () => this.#openMending(edit)), { class: "quiet small" });
    return element(
      "div",
      { class: "mend" },
      element("p", {}, gettext("Correct the refused rows and only they are loaded again:")),
      element(
        "div",
        { class: "actions" },
        edit,
        element("a", { class: "button quiet small", href: `${this.#url}/rejected.csv`, download: true }, gettext("Download the rows to correct (CSV)")),
        choose,
        input,
        element("a", { href: `${this.#url}/errors.csv`, download: true }, gettext("Download all refused rows (CSV)")),
      ),
    );
  }

  #goOn(file) {
    return file ? this.#item.goOnWith(file) : null;
  }

  async #openMending(opener) {
    const { MendingForm } = await import("./mending.js");
    const form = await MendingForm.open(this.#item);
    this.#mending.replaceChildren(form.root);
    opener.hidden = true;
    form.focus();
  }

  async #attempt(pressed, act) {
    pressed.disabled = true;
    this.#trouble.hidden = true;
    try {
      await act();
    } catch (problem) {
      pressed.disabled = false;
      this.#trouble.textContent = problem.message;
      this.#trouble.hidden = false;
    }
  }
}

function refusedRow({ row_number: row, column, value, reason }) {
  return element(
    "tr",
    {},
    element("td", { class: "number" }, figures.number(row)),
    element("td", {}, column),
    element("td", { class: "mono" }, String(value ?? "").slice(0, SHOWN_CHARS)),
    element("td", {}, inWords(reason)),
  );
}
