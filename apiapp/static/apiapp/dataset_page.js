/** The page of one dataset: its rows, and the imports that brought them. */

import "../site/shell.js";
import { get, Problem } from "../site/api.js";
import { allWords, gettext } from "../site/i18n.js";
import { errorView } from "../site/states.js";
import { DatasetGrid } from "../grid/dataset_grid.js";
import { ColumnStatistics } from "./column_statistics.js";
import { DatasetExports } from "./dataset_exports.js";
import { DatasetHistory } from "./dataset_history.js";
import { RecentImports } from "./recent_imports.js";

const page = document.getElementById("dataset");
const slug = page.dataset.slug;

const EDITS_SHOWN_AFTER_MS = 1000; // many come at once
const events = new DatasetHistory(document.getElementById("events"), slug, showUndone);
let grid = null;
let showing = 0;

async function begin() {
  const message = document.getElementById("rows-message");
  try {
    const dataset = await get(`/api/datasets/${encodeURIComponent(slug)}/`);
    grid = new DatasetGrid(dataset, page);
    await grid.load();
  } catch (problem) {
    message.replaceChildren(errorView(problem, begin));
  }
}

function showPast() {
  new RecentImports(document.getElementById("history"), {
    url: `/api/imports/?dataset=${encodeURIComponent(slug)}&limit=50`,
    emptyWords: gettext("No import is on record for this table."),
    isHistory: true,
  }).load();
  events.load();
}

function showEdits() {
  clearTimeout(showing);
  showing = setTimeout(() => events.load(), EDITS_SHOWN_AFTER_MS);
}

/** What was taken back is seen everywhere. */
function showUndone() {
  showPast();
  grid?.reload().catch(() => {}); // the next look at the rows says what is wrong
  document.getElementById("events-title").focus();
}

/** What draws comes with the first chart. */
async function openChart() {
  const place = document.getElementById("chart-place");
  await allWords();
  try {
    const { DatasetChart } = await import("./dataset_chart.js");
    await new DatasetChart(place, slug).begin();
  } catch {
    place.replaceChildren(errorView(new Problem(0), openChart)); // its module did not come
  }
}

/** The owner's window, or that of who can only leave. */
async function openSharing() {
  await allWords();
  const { title, role } = share.dataset;
  if (role === "owner") {
    const { ShareDialog } = await import("./share_dialog.js");
    new ShareDialog(slug, title).open();
  } else {
    const { LeaveDialog } = await import("./leave_dialog.js");
    new LeaveDialog(slug, title).open();
  }
}

begin();
showPast();
page.addEventListener("sluice:columns", showPast);
page.addEventListener("sluice:edited", showEdits);
document.getElementById("chart").addEventListener("toggle", openChart, { once: true });
new DatasetExports(document.getElementById("dataset-exports"), slug);
new ColumnStatistics(document.getElementById("column-statistics"), slug);
const share = document.getElementById("share");
share?.addEventListener("click", openSharing);
