/** The menu that takes the rows away as a file. */

import { button, element, field } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

const FORMS = [
  ["csv", gettext("CSV")],
  ["xlsx", gettext("Excel")],
  ["jsonl", gettext("JSON Lines")],
  ["parquet", gettext("Parquet")],
];
const DELIMITERS = [
  ["comma", gettext("commas")],
  ["semicolon", gettext("semicolons")],
  ["tab", gettext("tabs")],
  ["pipe", gettext("vertical bars")],
];

export class DatasetExports {
  /** @param {HTMLElement} place @param {string} slug */
  constructor(place, slug) {
    this.#slug = slug;
    this.#form = choice(FORMS);
    this.#delimiter = choice(DELIMITERS);
    this.#spreadsheet = check(gettext("For a spreadsheet: formulas are disarmed, Chinese and accents stay"), true);
    this.#shown = check(gettext("Only the rows that the table shows"), true);
    this.#ofCsv = element("div", {}, field(gettext("Separated by"), this.#delimiter), this.#spreadsheet.label);
    const download = button(gettext("Download"), () => this.#download());
    const summary = element("summary", { role: "button", class: "quiet small" }, gettext("Export"));
    const panel = element("div", { class: "export-panel" });
    panel.append(field(gettext("File"), this.#form), this.#ofCsv, this.#shown.label, download);
    this.#menu = element("details", { class: "export-menu" }, summary, panel);
    this.#form.addEventListener("change", () => (this.#ofCsv.hidden = this.#form.value !== "csv"));
    this.#menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#menu.open = false;
      summary.focus();
    });
    document.addEventListener("click", ({ target }) => {
      if (!this.#menu.contains(target)) this.#menu.open = false;
    });
    place.replaceChildren(this.#menu);
  }

  #slug;
  #form;
  #delimiter;
  #spreadsheet;
  #shown;
  #ofCsv;
  #menu;

  #download() {
    const name = `export.${this.#form.value}`;
    const said = new URLSearchParams(this.#shown.box.checked ? location.search : "");
    for (const ours of ["cursor", "limit"]) said.delete(ours);
    if (this.#form.value === "csv") {
      said.set("_delimiter", this.#delimiter.value);
      said.set("_bom", this.#spreadsheet.box.checked);
      said.set("_guard", this.#spreadsheet.box.checked);
    }
    const href = `/api/datasets/${encodeURIComponent(this.#slug)}/${name}?${said}`;
    element("a", { href, download: "" }).click();
    this.#menu.open = false;
  }
}

function choice(options) {
  return element("select", {}, options.map(([value, words]) => element("option", { value }, words)));
}

function check(words, checked) {
  const box = element("input", { type: "checkbox", checked });
  return { box, label: element("label", { class: "check" }, box, words) };
}
