/** A chart of the rows that the table shows: over time, or by the values of a column. */

import { get } from "../site/api.js";
import { withoutTurns } from "../site/bidi.js";
import { element, field } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext, language, ngettext } from "../site/i18n.js";
import { Latest } from "../site/latest.js";
import { emptyView, loadingView, showIn, table } from "../site/states.js";
import { applied } from "../site/stylesheet.js";
import { ChartTable } from "./chart_table.js";
import { NUMERIC, UNCHARTED } from "./column_types.js";
import { periodWords } from "./period_words.js";
import { TimeChart } from "./time_chart.js";
import { valueBars } from "./value_bars.js";

const NOT_ASKED = ["order", "select", "limit", "cursor"];
const LIKELY = ["date", "timestamp", "boolean", "text"]; // what a look says most about, first
const DATES = ["day", "month", "year", "decade", "century"];
const UNITS = { date: DATES, timestamp: ["hour", ...DATES] };
const UNIT_WORDS = {
  "": gettext("as fits"),
  hour: gettext("hour"),
  day: gettext("day"),
  month: gettext("month"),
  year: gettext("year"),
  decade: gettext("decade"),
  century: gettext("century"),
};
const COUNT = "count";
const decimals = new Intl.NumberFormat(language, { maximumFractionDigits: 6 });

export class DatasetChart {
  #place;
  #path;
  #columns = [];
  #by = element("select", { onchange: () => this.#onColumn() });
  #unit = element("select", { onchange: () => this.#draw() });
  #unitField = field(gettext("Each"), this.#unit);
  #what = element("select", { onchange: () => this.#draw() });
  #content = element("div", { class: "chart-content" });
  #asks = new Latest();
  #drawn = null; // the TimeChart that is shown

  /** @param {HTMLElement} place @param {string} slug */
  constructor(place, slug) {
    this.#place = place;
    this.#path = `/api/datasets/${encodeURIComponent(slug)}/`;
    const page = document.getElementById("dataset");
    page.addEventListener("sluice:asked", () => this.#draw());
    page.addEventListener("sluice:columns", () => this.begin());
    place.addEventListener("sluice:chart", () => this.#columns.length && this.#offerWanted());
  }

  begin() {
    return showIn(this.#place, async () => {
      const [{ columns }] = await Promise.all([get(this.#path), TimeChart.ready(), applied(new URL("../css/charts.css", import.meta.url))]);
      this.#columns = columns.filter(({ type }) => !UNCHARTED.has(type));
      if (!this.#columns.length) return emptyView(gettext("No column of this table can be drawn."));
      this.#offerColumns();
      this.#onColumn();
      const fields = element("div", { class: "chart-fields" }, field(gettext("Show"), this.#what), field(gettext("By"), this.#by), this.#unitField);
      return [fields, this.#content];
    });
  }

  get #column() {
    return this.#columns.find(({ name }) => name === this.#by.value);
  }

  #offerColumns() {
    const chosen = [this.#place.dataset.column || this.#by.value, this.#what.value];
    delete this.#place.dataset.column;
    const likely = LIKELY.map((wanted) => this.#columns.find(({ type }) => type === wanted)).find(Boolean);
    const options = (columns) => columns.map(({ name, label }) => element("option", { value: name }, withoutTurns(label)));
    this.#by.replaceChildren(...options(this.#columns));
    const numbers = this.#columns.filter(({ type }) => NUMERIC.has(type));
    const sums = numbers.map(({ name, label }) => element("option", { value: `sum ${name}` }, gettext("sum of {column}", { column: withoutTurns(label) })));
    const means = numbers.map(({ name, label }) => element("option", { value: `mean ${name}` }, gettext("mean of {column}", { column: withoutTurns(label) })));
    this.#what.replaceChildren(element("option", { value: COUNT }, gettext("number of rows")), ...sums, ...means);
    for (const [at, select] of [this.#by, this.#what].entries()) {
      if ([...select.options].some(({ value }) => value === chosen[at])) select.value = chosen[at];
      else if (select === this.#by) select.value = (likely ?? this.#columns[0]).name;
    }
  }

  /** The column that its statistics lead from. */
  #offerWanted() {
    this.#offerColumns();
    this.#onColumn();
  }

  #onColumn() {
    const units = UNITS[this.#column.type];
    this.#unitField.hidden = !units;
    const kept = units?.includes(this.#unit.value) ? this.#unit.value : "";
    this.#unit.replaceChildren(...["", ...(units ?? [])].map((unit) => element("option", { value: unit }, UNIT_WORDS[unit])));
    this.#unit.value = kept;
    this.#draw();
  }

  async #draw() {
    if (!this.#column) return;
    const isLatest = this.#asks.begin();
    if (!this.#content.childElementCount) this.#content.replaceChildren(loadingView());
    this.#content.setAttribute("aria-busy", "true");
    const filters = this.#filters;
    await showIn(this.#content, async () => {
      const chart = await get(`${this.#path}columns/${encodeURIComponent(this.#column.name)}/chart/?${this.#asked(filters)}`);
      return isLatest() ? this.#views(chart, filters.size > 0) : [...this.#content.childNodes];
    });
    if (isLatest()) this.#content.removeAttribute("aria-busy");
  }

  /** What the table shows is what is drawn. */
  get #filters() {
    const said = new URLSearchParams(location.search);
    for (const other of NOT_ASKED) said.delete(other);
    return said;
  }

  #asked(filters) {
    const asked = new URLSearchParams(filters);
    const [measure, of] = this.#what.value.split(" ");
    asked.set("_measure", measure);
    if (of) asked.set("_of", of);
    if (!this.#unitField.hidden && this.#unit.value) asked.set("_unit", this.#unit.value);
    return asked;
  }

  #views(chart, isNarrowed) {
    this.#drawn?.remove();
    this.#drawn = null;
    if (!chart.points.length) return emptyView(gettext("There is nothing to draw: no row has a value there."));
    const what = this.#what.selectedOptions[0].textContent;
    const title = gettext("{what} by {column}", { what, column: withoutTurns(chart.label) });
    return [
      element("h3", {}, title),
      chart.is_sampled && note(gettext("There are too many rows to look at each: this is a sample of {rows}.", { rows: chart.rows })),
      isNarrowed && note(gettext("Of the rows that the table shows.")),
      ...(chart.unit ? this.#overTime(chart, title, what) : [valueBars(chart, { what, title, shown })]),
      chart.others > 0 && note(ngettext("{count} row has another value.", "{count} rows have other values.", chart.others)),
      chart.empty > 0 && note(ngettext("{count} row has no value.", "{count} rows have no value.", chart.empty)),
    ].filter(Boolean);
  }

  #overTime(chart, title, what) {
    const words = chart.points.map(({ at }) => periodWords(at, chart.unit));
    const isCount = chart.measure === COUNT;
    this.#drawn = new TimeChart([{ values: chart.points.map(({ value }) => value) }], { words, title, shown: shownValue, isWhole: isCount });
    const headers = [UNIT_WORDS[chart.unit], [what, "number"], ...(isCount ? [] : [[gettext("Rows"), "number"]])];
    const figures = new ChartTable(title, () => table(headers, chart.points.map((point, at) => pointRow(point, words[at], isCount))));
    return [this.#drawn.root, figures.root];
  }
}

function pointRow({ value, count }, words, isCount) {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, words),
    element("td", { class: "number" }, shownValue(value)),
    isCount ? null : element("td", { class: "number" }, number(count)),
  );
}

function note(words) {
  return element("p", { class: "muted small" }, words);
}

function shownValue(value) {
  return value === null ? "–" : decimals.format(value);
}

function shown(value) {
  if (typeof value === "number") return decimals.format(value);
  if (typeof value === "boolean") return value ? gettext("yes") : gettext("no");
  if (value === "") return gettext("empty text");
  return withoutTurns(String(value));
}
