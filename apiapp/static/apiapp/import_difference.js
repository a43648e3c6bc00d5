/** What an import would change, before anything has: the figures of a dry run, and what it refuses. */

import { get } from "../site/api.js";
import { button, element } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { kindWords } from "./refusal_kinds.js";
import { changesOf } from "./row_changes.js";

const FIGURES = [
  ["rows_inserted", gettext("new")],
  ["rows_updated", gettext("changed")],
  ["rows_deleted", gettext("deleted")],
  ["rows_unchanged", gettext("the same")],
  ["rows_skipped", gettext("left out")],
  ["rows_refused", gettext("refused")],
];

/**
 * @param {ImportRecord} record of a dry run
 * @param {((label: string) => void) | null} makeText makes a column text, where that can be
 */
export async function differenceView(record, makeText) {
  const counted = FIGURES.filter(([name]) => record[name]);
  const changes = changesOf(record) || gettext("no row");
  const view = element(
    "div",
    { class: "difference" },
    element("p", {}, gettext("It would be: {changes}. Nothing has changed yet.", { changes })),
    counted.length > 1
      ? element("dl", { class: "result-figures", "aria-hidden": "true" }, counted.map(figure, record))
      : null,
  );
  if (record.rows_refused) view.append(...(await refusedParts(record, makeText)));
  return view;
}

function figure([name, words]) {
  const kind = name === "rows_refused" ? "refused" : "";
  return element(
    "div",
    { class: kind },
    element("dt", {}, words),
    element("dd", {}, figures.number(this[name])),
  );
}

async function refusedParts({ id }, makeText) {
  const { cells } = await get(`/api/imports/${id}/errors/summary/`);
  const lines = cells.slice(0, 10).map(({ column, kind, count }) =>
    element(
      "li",
      {},
      refusalLine({ column, kind, count }),
      ...(makeText && kind === "type"
        ? [" ", button(gettext("Make it text"), () => makeText(column), { class: "quiet small" })]
        : []),
    ),
  );
  const all = element("a", { href: `/api/imports/${id}/errors.csv`, download: true },
    gettext("Download all refused rows (CSV)"));
  return [element("ul", { class: "refusal-lines" }, lines), element("p", {}, all)];
}

/** “12 cells of “price”: not of the column's type” */
export function refusalLine({ column, kind, count }) {
  const what = kindWords(kind);
  if (!column) return ngettext("{count} row: {what}", "{count} rows: {what}", count, { what });
  return ngettext("{count} cell of “{column}”: {what}", "{count} cells of “{column}”: {what}", count, { column, what });
}
