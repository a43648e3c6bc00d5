/** Headers of columns: what they are sorted by, their menu, and the edge that makes them wider. */

import { NUMERIC, TYPES } from "../apiapp/column_types.js";
import { element, icon } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

const DRAGGED = "application/x-sluice-column";

/** Over the numbers of rows. */
export function rowNumberHeader() {
  return element("div", { role: "columnheader", class: "row-id number", "aria-colindex": "1" }, gettext("Row"));
}

/**
 * @param {ColumnSpec} column
 * @param {number} index from 1, as ARIA counts
 * @param {Asked} asked
 * @param {Layout} layout
 * @param {(kind: string, detail: object) => void} tell
 */
export function headerCell(column, index, asked, layout, tell) {
  const { name, label, type } = column;
  const header = element(
    "div",
    {
      role: "columnheader",
      class: `column${NUMERIC.has(type) ? " number" : ""}${asked.testsOf(name).length ? " filtered" : ""}`,
      "aria-colindex": String(index),
      "aria-sort": asked.directionOf(name),
      "data-name": name,
      draggable: "true",
      onclick: (event) => tell("sort", { name, isAdded: event.shiftKey }),
    },
    element("span", { class: "words", title: label }, element("b", {}, label), element("small", {}, TYPES[type])),
    sortMark(asked, name),
    menuButton(name, label, tell),
    edge(column, layout),
  );
  makeMovable(header, name, layout);
  return header;
}

function sortMark(asked, name) {
  const at = asked.order.findIndex(({ column }) => column === name);
  if (at < 0) return null;
  const arrow = icon(asked.order[at].descending ? "down" : "up");
  return element("span", { class: "sorted" }, arrow, asked.order.length > 1 ? String(at + 1) : null);
}

function menuButton(name, label, tell) {
  const onclick = (event) => {
    event.stopPropagation();
    tell("menu", { name });
  };
  const words = gettext("Menu of {column}", { column: label });
  return element("button", { type: "button", class: "column-menu", tabindex: "-1", "aria-label": words, onclick }, icon("more"));
}

/** Dragged it makes the column wider; two clicks give it its usual width. */
function edge(column, layout) {
  const onpointerdown = (event) => {
    event.stopPropagation();
    const startPx = layout.widthOf(column) - event.clientX;
    const follow = (moved) => layout.resize(column.name, startPx + moved.clientX);
    addEventListener("pointermove", follow);
    addEventListener("pointerup", () => removeEventListener("pointermove", follow), { once: true });
    event.preventDefault();
  };
  const stop = (event) => event.stopPropagation();
  const ondragstart = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  return element("span", { class: "edge", draggable: "true", onpointerdown, onclick: stop, ondragstart });
}

function makeMovable(header, name, layout) {
  header.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(DRAGGED, name);
    event.dataTransfer.effectAllowed = "move";
  });
  header.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
  });
  header.addEventListener("drop", (event) => {
    event.preventDefault();
    const dragged = event.dataTransfer.getData(DRAGGED);
    const { left, width } = header.getBoundingClientRect();
    if (dragged && dragged !== name) layout.moveTo(dragged, name, event.clientX < left + width / 2 ? -1 : 1);
  });
}
