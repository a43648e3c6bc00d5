/** What can be done with a column, from its header. */

import { gettext } from "../site/i18n.js";
import { filterForm } from "./filter_form.js";
import { TESTS } from "./filter_words.js";
import { floating, menuAt } from "./floating.js";

const WIDER_PX = 40;

/**
 * @param {Element} anchor
 * @param {ColumnSpec} column
 * @param {{asked: Asked, layout: Layout, ask: (asked: Asked) => void, changes: ColumnChanges | null, tell: (problem: Error) => void,
 *   frequent: (column: ColumnSpec) => Promise<{value: any, count: number}[]>}} page
 *   changes: null for who may not change columns
 */
export function openColumnMenu(anchor, column, page) {
  menuAt(anchor, gettext("Menu of {column}", { column: column.label }), [
    ...sorting(column, page),
    { words: gettext("Filter…"), act: () => openFilter(anchor, column, page) },
    { words: gettext("Statistics"), act: () => showStatistics(column) },
    "line",
    ...looks(column, page),
    ...changing(column, page),
  ]);
}

export function openFilter(anchor, column, { asked, ask, frequent }) {
  const apply = (tests) => {
    box.hidePopover();
    ask(asked.filtered(column.name, tests));
  };
  const form = filterForm(column, asked.testsOf(column.name), apply, () => frequent(column));
  const box = floating(anchor, gettext("Filter by {column}", { column: column.label }), form);
}

function sorting({ name, type }, { asked, ask }) {
  if (type === "json") return [];
  const now = asked.directionOf(name);
  const isMore = asked.order.some(({ column }) => column !== name);
  const sort = (words, direction, isAdded) => ({ words, act: () => ask(asked.sortedBy(name, direction, isAdded)) });
  return [
    now !== "ascending" && sort(gettext("Sort ascending"), "ascending", false),
    now !== "descending" && sort(gettext("Sort descending"), "descending", false),
    isMore && now === "none" && sort(gettext("Then sort by this"), "ascending", true),
    now !== "none" && sort(gettext("Do not sort by this"), "none", true),
    "line",
  ];
}

function looks(column, { layout }) {
  const { name } = column;
  const widen = (px) => layout.resize(name, layout.widthOf(column) + px);
  const isPinned = layout.isPinned(name);
  return [
    { words: gettext("Hide"), act: () => layout.toggle(name) },
    (isPinned || layout.mayPin) && { words: isPinned ? gettext("Unpin") : gettext("Pin to the left"), act: () => layout.togglePin(name) },
    { words: gettext("Move left"), act: () => layout.move(name, -1) },
    { words: gettext("Move right"), act: () => layout.move(name, 1) },
    { words: gettext("Wider"), act: () => widen(WIDER_PX) },
    { words: gettext("Narrower"), act: () => widen(-WIDER_PX) },
  ];
}

function changing(column, { asked, ask, changes, tell }) {
  if (!changes) return [];
  const mayIndex = column.type !== "json" && !column.unique;
  const index = column.indexed ? gettext("Remove the index") : gettext("Add an index");
  const orTell = (change) => () => change().catch(tell);
  const showRows = (rowIds) => ask(asked.unnarrowed().filtered("_id", [TESTS.one_of(rowIds.map(String))]));
  return [
    "line",
    { words: gettext("Rename…"), act: () => changes.rename(column) },
    { words: gettext("Change the type…"), act: orTell(() => changes.retype(column, { showRows, tell })) },
    mayIndex && { words: index, hint: column.indexed ? "" : gettext("sorts quickly"), act: orTell(() => changes.index(column, !column.indexed)) },
    { words: gettext("Add a column…"), act: () => changes.add() },
    { words: gettext("Drop the column"), act: orTell(() => changes.drop(column)) },
  ];
}

/** Whoever shows statistics listens for this. */
function showStatistics({ name }) {
  document.getElementById("column-statistics").dispatchEvent(new CustomEvent("sluice:column", { bubbles: true, detail: { name } }));
}
