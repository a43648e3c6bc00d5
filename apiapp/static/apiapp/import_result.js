/** How an import ended: rows in, rows refused and why, and where to go from here. */

import { get } from "./api.js";
import { element, link, scrollBox } from "./elements.js";
import * as figures from "./figures.js";
import { gettext, ngettext } from "./i18n.js";
import { inWords } from "./server_words.js";
import { table } from "./states.js";

const SHOWN_REFUSALS = 5;

/** @param {ImportRecord} record an import that succeeded */
export function resultView(record) {
  const view = element("div", { class: "result" }, resultFigures(record));
  const links = resultLinks(record);
  if (record.rows_refused) {
    const slot = element("div");
    view.append(slot);
    showRefusals(record, slot);
  }
  view.append(links);
  return view;
}

function resultFigures({ rows_loaded: loaded, rows_refused: refused, dataset_title: title }) {
  const one = (value, words, kind) =>
    element("div", { class: kind }, element("dt", {}, words), element("dd", {}, figures.number(value)));
  return element(
    "dl",
    { class: "result-figures" },
    one(loaded, ngettext("row is in “{title}”", "rows are in “{title}”", loaded, { title }), ""),
    refused ? one(refused, ngettext("row was refused", "rows were refused", refused), "refused") : null,
  );
}

function resultLinks(record) {
  const slug = encodeURIComponent(record.dataset);
  return element(
    "p",
    { class: "links" },
    element("a", { class: "button", href: `/datasets/${slug}/` }, gettext("Open the table")),
    record.admin_url ? link(record.admin_url, gettext("Edit the rows in the admin")) : null,
    link(`/api/datasets/${slug}/rows/`, gettext("The rows over the API")),
  );
}

async function showRefusals(record, slot) {
  const { results } = await get(`/api/imports/${record.id}/errors/?limit=${SHOWN_REFUSALS}`);
  const rows = results.map(({ row_number: row, column, value, reason }) =>
    element(
      "tr",
      {},
      element("td", { class: "number" }, figures.number(row)),
      element("td", {}, column),
      element("td", { class: "mono" }, String(value ?? "").slice(0, 80)),
      element("td", {}, inWords(reason)),
    ),
  );
  const headers = [
    [gettext("Row"), "number"],
    gettext("Column"),
    gettext("Value"),
    gettext("Why it was refused"),
  ];
  slot.append(
    scrollBox(gettext("Refused rows"), table(headers, rows)),
    element(
      "p",
      {},
      element("a", { href: `/api/imports/${record.id}/errors.csv`, download: true },
        gettext("Download all refused rows (CSV)")),
    ),
  );
}
