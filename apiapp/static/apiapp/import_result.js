/** How an import ended: rows in, rows refused and why, and where to go from here. */

import { button, element, link } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { changesOf } from "./row_changes.js";
import { RefusalsView } from "./refusals.js";

/** @param {ImportItem} item whose import succeeded */
export function resultView(item) {
  const { record } = item;
  const view = element("div", { class: "result" });
  if (record.continues) {
    view.append(element("p", { class: "muted" }, gettext("Of the rows that were corrected:")));
  }
  view.append(resultFigures(record));
  if (record.mode === "replace" || record.mode === "upsert") {
    view.append(element("p", { class: "muted small" }, changesOf(record)));
  }
  const trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  if (record.rows_refused) view.append(new RefusalsView(item).root);
  view.append(trouble, resultLinks(item, trouble));
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

function resultLinks(item, trouble) {
  const { record } = item;
  const slug = encodeURIComponent(record.dataset);
  const undo = button(gettext("Undo this import"), () => takeBack(item, undo, trouble), {
    class: "quiet small",
  });
  return element(
    "p",
    { class: "links" },
    element("a", { class: "button", href: `/datasets/${slug}/` }, gettext("Open the table")),
    record.admin_url ? link(record.admin_url, gettext("Edit the rows in the admin")) : null,
    link(`/api/datasets/${slug}/rows/`, gettext("The rows over the API")),
    undo,
  );
}

async function takeBack(item, pressed, trouble) {
  pressed.disabled = true;
  try {
    await item.undo();
  } catch (problem) {
    pressed.disabled = false;
    trouble.textContent = problem.message;
    trouble.hidden = false;
  }
}
