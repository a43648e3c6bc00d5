/** The page of one dataset: its rows, and the imports that brought them. */

import "./shell.js";
import { get } from "./api.js";
import { gettext } from "./i18n.js";
import { onKey } from "./keys.js";
import { RecentImports } from "./recent_imports.js";
import { RowsGrid } from "./rows_grid.js";
import { showIn } from "./states.js";

const page = document.getElementById("dataset");
const slug = page.dataset.slug;
const box = document.getElementById("rows");
const form = document.getElementById("search-form");

await showIn(box, async () => {
  const dataset = await get(`/api/datasets/${encodeURIComponent(slug)}/`);
  begin(new RowsGrid(dataset, box));
  return [];
});

function begin(grid) {
  const field = form.elements.search;
  field.value = grid.searched;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    grid.search(field.value.trim());
  });
  field.addEventListener("search", () => grid.search(field.value.trim())); // its cross was pressed
  document.getElementById("pager").append(grid.pager);
  onKey("/", gettext("Search the rows"), () => field.focus());
  grid.load();
}

new RecentImports(document.getElementById("history"), {
  url: `/api/imports/?dataset=${encodeURIComponent(slug)}&limit=50`,
  emptyWords: gettext("No import is on record for this table."),
  isHistory: true,
}).load();
