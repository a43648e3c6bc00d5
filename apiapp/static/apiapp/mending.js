/** The refused rows of an import as fields, page by page: corrected here, they go where the others went. */

import { get, Problem, problemFrom } from "../site/api.js";
import { csvOf, rowsOf } from "./csv_text.js";
import { button, element, scrollBox } from "../site/elements.js";
import { number as figure } from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { refusalFilter } from "./refusal_filter.js";
import { inWords } from "../site/server_words.js";

const PAGE_ROWS = 100;
const DIALECT = {
  encoding: "utf-8",
  delimiter: ",",
  quote: '"',
  escape: "",
  comment: "",
  has_header: true,
  header_rows: 1,
  skip_lines: 0,
  footer_rows: 0,
  table: 1,
  widths: [],
};

export class MendingForm {
  #item;
  #labels = [];
  #seen = new Map(); // number -> { number, reasons, cells: HTMLInputElement[] }: edits stay on every page
  #begins = [0]; // of each page so far, the number of the row before it
  #page = [];
  #hasMore = false;
  #asked = {};
  #note = element("p", { class: "muted small" });
  #place = element("div", {});
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #submit = element("button", { type: "submit" });
  #previous = button(gettext("Previous rows"), () => this.#turn(-1), { class: "quiet small" });
  #next = button(gettext("Next rows"), () => this.#turn(1), { class: "quiet small" });
  #told = element("span", { class: "muted small", role: "status" });

  /** Fetch the first rows.  Throws Problem. @param {ImportItem} item @returns {Promise<MendingForm>} */
  static async open(item) {
    const form = new MendingForm(item);
    const [{ cells }] = await Promise.all([get(`/api/imports/${item.record.id}/errors/summary/`), form.#fetch(0)]);
    form.#build(cells);
    return form;
  }

  constructor(item) {
    this.#item = item;
  }

  #build(cells) {
    const filter = refusalFilter(cells, (asked) => this.#filter(asked));
    this.root = element(
      "form",
      { class: "mending", onsubmit: (event) => this.#onSubmit(event) },
      filter,
      this.#place,
      element("div", { class: "actions" }, this.#previous, this.#next, this.#told),
      this.#trouble,
      element("div", { class: "actions" }, this.#submit, this.#note),
    );
    this.#draw();
  }

  /** Onto the first cell that was refused. */
  focus() {
    (this.#place.querySelector("[aria-invalid]") ?? this.#place.querySelector("input"))?.focus();
  }

  // --- page by page

  /** One row more than is shown tells whether there is another page.  Throws Problem. */
  async #fetch(after) {
    const asked = new URLSearchParams({ ...this.#asked, after, limit: PAGE_ROWS + 1 });
    const [header, ...rows] = rowsOf(await textOf(`/api/imports/${this.#item.record.id}/rejected.csv?${asked}`));
    this.#labels = header.slice(1, -1);
    this.#hasMore = rows.length > PAGE_ROWS;
    this.#page = rows.slice(0, PAGE_ROWS).map((row) => this.#row(row));
  }

  #row([number, ...rest]) {
    if (!this.#seen.has(number)) {
      const cells = this.#labels.map((label, at) => this.#cell(label, number, rest[at] ?? "", rest.at(-1)));
      this.#seen.set(number, { number, reasons: rest.at(-1), cells });
    }
    return this.#seen.get(number);
  }

  #filter(asked) {
    this.#asked = asked;
    return this.#show([0]);
  }

  async #turn(by) {
    const begins = by > 0 ? [...this.#begins, Number(this.#page.at(-1).number)] : this.#begins.slice(0, -1);
    await this.#show(begins);
    this.focus();
  }

  /** What cannot be fetched leaves the rows that are there. */
  async #show(begins) {
    this.#lock(true);
    this.#trouble.hidden = true;
    try {
      await this.#fetch(begins.at(-1));
      this.#begins = begins;
      this.#draw();
    } catch (problem) {
      this.#complain(problem);
    }
    this.#lock(false);
  }

  #draw() {
    this.#place.replaceChildren(scrollBox(gettext("Rows to correct"), this.#table()));
    this.#previous.hidden = this.#begins.length < 2;
    this.#next.hidden = !this.#hasMore;
    const [first, last] = [this.#page[0], this.#page.at(-1)].map((row) => figure(Number(row?.number ?? 0)));
    this.#told.textContent = this.#previous.hidden && this.#next.hidden ? "" : gettext("Rows {first} to {last}", { first, last });
    this.#submit.textContent = ngettext("Load {count} corrected row", "Load {count} corrected rows", this.#seen.size);
    const left = this.#item.record.rows_refused - this.#seen.size;
    this.#note.textContent = left > 0 ? ngettext("{count} more row was not looked at: it stays refused.", "{count} more rows were not looked at: they stay refused.", left) : "";
  }

  #lock(isLocked) {
    for (const each of [this.#previous, this.#next, this.#submit]) each.disabled = isLocked;
  }

  #cell(label, number, value, reasons) {
    const isWrong = reasons.includes(`${label}: `);
    return element("input", {
      value,
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": gettext("{column}, row {number}", { column: label, number }),
      "aria-invalid": isWrong ? "true" : null,
      oninput: ({ target }) => target.removeAttribute("aria-invalid"),
    });
  }

  #table() {
    const words = [gettext("Row"), ...this.#labels, gettext("Why it was refused")];
    const head = words.map((each) => element("th", { scope: "col" }, each));
    const body = this.#page.map(({ number, reasons, cells }) =>
      element(
        "tr",
        {},
        element("th", { scope: "row", class: "number" }, number),
        cells.map((input) => element("td", {}, input)),
        element("td", { class: "reasons" }, inReadersWords(reasons)),
      ),
    );
    return element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body));
  }

  async #onSubmit(event) {
    event.preventDefault();
    this.#lock(true);
    this.#trouble.hidden = true;
    const rows = [...this.#seen.values()].sort((one, other) => one.number - other.number);
    const lines = rows.map(({ number, cells }) => [number, ...cells.map(({ value }) => value)]);
    const content = csvOf([["_row", ...this.#labels], ...lines]);
    const file = new File([content], nameFor(this.#item.name), { type: "text/csv" });
    try {
      await this.#item.goOnWith(file, DIALECT);
    } catch (problem) {
      this.#lock(false);
      this.#complain(problem);
    }
  }

  #complain(problem) {
    if (!(problem instanceof Problem)) throw problem;
    this.#trouble.textContent = problem.message;
    this.#trouble.hidden = false;
  }
}

/** "price: The cell is …; code: …" in the reader's words. */
function inReadersWords(reasons) {
  const told = reasons.split("; ").map((each) => {
    const at = each.indexOf(": ");
    return at < 0 ? inWords(each) : `${each.slice(0, at)}: ${inWords(each.slice(at + 2))}`;
  });
  return told.join(" ");
}

function nameFor(name) {
  return `${name.replace(/\.[A-Za-z0-9]{1,5}$/, "")}-corrected.csv`;
}

/** Throws Problem. */
async function textOf(url) {
  const response = await fetch(url, { credentials: "same-origin" }).catch(() => null);
  if (!response) throw new Problem(0);
  if (!response.ok) throw await problemFrom(response.status, await response.json().catch(() => ({})));
  return response.text();
}
