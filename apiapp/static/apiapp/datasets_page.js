/** The page /datasets/: one's tables, newest first. */

import "../site/shell.js";
import { get } from "../site/api.js";
import { button, element, link, scrollBox } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { addRows, emptyView, errorView, showIn, table, timeView } from "../site/states.js";

const PAGE = 100;
const place = document.getElementById("datasets");

function rowFor(dataset) {
  const { slug, title, row_count: rows, columns, updated_at: changed } = dataset;
  const name = link(`/datasets/${encodeURIComponent(slug)}/`, title);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name),
    element("td", { class: "number" }, figures.number(rows)),
    element("td", { class: "number" }, figures.number(columns.length)),
    element("td", {}, timeView(changed)),
  );
}

async function view() {
  const { results, next } = await get(`/api/datasets/?limit=${PAGE}`);
  if (!results.length) {
    return emptyView(
      gettext("No table yet. It begins with a file."),
      element("a", { class: "button", href: "/import/" }, gettext("Import a file")),
    );
  }
  const headers = [
    gettext("Name"),
    [gettext("Rows"), "number"],
    [gettext("Columns"), "number"],
    gettext("Changed"),
  ];
  const list = table(headers, results.map(rowFor));
  return [scrollBox(gettext("Datasets"), list), ...more(next, list)];
}

/** The button that adds the next page, while there is one. */
function more(next, list) {
  if (!next) return [];
  const load = button(gettext("Show more"), add, { class: "quiet" });
  async function add() {
    load.disabled = true;
    try {
      const page = await get(next);
      addRows(list, page.results.map(rowFor));
      load.replaceWith(...more(page.next, list));
    } catch (problem) {
      load.replaceWith(errorView(problem, add));
    }
  }
  return [load];
}

showIn(place, view);
