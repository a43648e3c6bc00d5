/** What is in one column of a dataset: figures, frequent values and a histogram. */

import { get } from "../site/api.js";
import { withoutTurns } from "../site/bidi.js";
import { button, element } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext, language } from "../site/i18n.js";
import { loadingView, showIn, table } from "../site/states.js";
import { UNCHARTED } from "./column_types.js";
import { Histogram } from "./histogram.js";

const NOT_ASKED = ["order", "select", "limit", "cursor"];
const decimals = new Intl.NumberFormat(language, { maximumFractionDigits: 6 });

export class ColumnStatistics {
  /** @param {HTMLElement} place @param {string} slug */
  constructor(place, slug) {
    this.#place = place;
    this.#slug = slug;
    place.addEventListener("sluice:column", ({ detail }) => this.show(detail.name));
  }

  #place;
  #slug;

  async show(name) {
    const asker = document.activeElement;
    const title = element("h2", { id: "statistics-title", tabindex: "-1" }, name);
    const content = element("div", {}, loadingView());
    const close = button(gettext("Close"), () => this.#close(asker), { class: "quiet small" });
    const head = element("div", { class: "statistics-head" }, title, close);
    const panel = element("section", { class: "statistics", "aria-labelledby": "statistics-title" }, head, content);
    panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.#close(asker));
    this.#place.replaceChildren(panel);
    title.focus();
    const slug = encodeURIComponent(this.#slug);
    const said = new URLSearchParams(location.search);
    for (const other of NOT_ASKED) said.delete(other);
    const address = `/api/datasets/${slug}/columns/${encodeURIComponent(name)}/statistics/?${said}`;
    await showIn(content, async () => {
      const facts = await get(address);
      title.textContent = withoutTurns(facts.label);
      if (!UNCHARTED.has(facts.type)) close.before(button(gettext("Draw as a chart"), () => draw(name), { class: "quiet small" }));
      return views(facts, said.size > 0);
    });
  }

  #close(asker) {
    this.#place.replaceChildren();
    if (asker?.isConnected) asker.focus();
  }
}

/** The chart of the page, of this column. */
function draw(name) {
  const [chart, place] = ["chart", "chart-place"].map((id) => document.getElementById(id));
  place.dataset.column = name;
  chart.open = true;
  place.dispatchEvent(new CustomEvent("sluice:chart"));
  chart.querySelector("summary").focus();
  chart.scrollIntoView({ block: "nearest" });
}

function views(facts, isNarrowed) {
  const figures = [
    [gettext("Rows"), facts.rows],
    [gettext("Empty"), facts.empty],
    [facts.is_sampled ? gettext("Different values in the sample") : gettext("Different values"), facts.distinct],
    [gettext("Least"), facts.minimum],
    [gettext("Greatest"), facts.maximum],
    [gettext("Mean"), facts.mean],
  ].filter(([, value]) => value !== null);
  return [
    facts.is_sampled && note(gettext("There are too many rows to look at each: this is a sample of {rows}.", { rows: facts.rows })),
    isNarrowed && note(gettext("Of the rows that the table shows.")),
    element("dl", { class: "figures" }, figures.map(([words, value]) => element("div", {}, element("dt", {}, words), element("dd", {}, shown(value))))),
    facts.histogram && new Histogram(facts.histogram, shown).view,
    facts.top[0]?.count > 1 && frequent(facts.top),
  ].filter(Boolean);
}

function note(words) {
  return element("p", { class: "muted small" }, words);
}

function frequent(top) {
  const rows = top.map(({ value, count }) => element("tr", {}, element("td", {}, shown(value)), element("td", { class: "number" }, number(count))));
  return element("div", {}, element("h3", {}, gettext("Most frequent")), table([gettext("Value"), [gettext("Rows"), "number"]], rows));
}

function shown(value) {
  if (typeof value === "number") return decimals.format(value);
  if (typeof value === "boolean") return value ? gettext("yes") : gettext("no");
  if (value === "") return gettext("empty text");
  return withoutTurns(String(value));
}
