/**
 * A grid of rows of which only those in sight are drawn (WAI-ARIA's grid pattern).
 *
 * What it cannot do by itself it tells: "sort" {name, isAdded}, "menu" {name, at}, "open" {position},
 * "edit" {position, name, text}, "clear" {position, name}, "copy", "undo".
 */

import { NUMERIC } from "../apiapp/column_types.js";
import { element } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { inCell } from "./cell_words.js";
import { CellRange } from "./cell_range.js";
import { headerCell, rowNumberHeader } from "./header_cells.js";
import { KEYS, isTyped } from "./grid_keys.js";
import { TallScroll } from "./tall_scroll.js";

export const ROW_PX = 33;
const ROW_NUMBER_PX = 92;
const BEYOND_ROWS = 8; // drawn above and below what is seen
const MOST_ROWS = 200; // a screen that is taller, or a style sheet that did not come

export class GridView extends EventTarget {
  #box;
  #blocks;
  #layout;
  #asked;
  #head = element("div", { role: "rowgroup", class: "grid-head" });
  #body = element("div", { role: "rowgroup", class: "grid-body" });
  #scroll;
  #drawn = new Map(); // position -> {line, row, sight}
  #columns = []; // {column, width, left} in their order, pinned ones first
  #pinnedPx = ROW_NUMBER_PX;
  #active = { position: 0, at: 1 }; // at: 0 is the row's number; position -1 the header
  #range = new CellRange();
  #sightOfHead = "";
  #leaving = new Set(); // numbers of rows
  #frame = 0;

  /**
   * @param {HTMLElement} box the scrolling place
   * @param {RowBlocks} blocks
   * @param {Layout} layout
   * @param {Asked} asked
   */
  constructor(box, blocks, layout, asked) {
    super();
    this.#box = box;
    this.#blocks = blocks;
    this.#layout = layout;
    this.#asked = asked;
    this.#scroll = new TallScroll(box, this.#body, () => this.#drawSoon());
    box.setAttribute("role", "grid");
    box.replaceChildren(this.#head, this.#body);
    blocks.addEventListener("rows", () => this.#onRows());
    layout.addEventListener("change", () => this.redraw());
    new ResizeObserver(() => this.#drawSoon()).observe(box);
    box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#body.addEventListener("mousedown", (event) => this.#onPress(event));
    this.#body.addEventListener("dblclick", (event) => this.#onTwoPresses(event));
    this.#body.addEventListener("click", (event) => this.#onClick(event));
    box.addEventListener("focusin", (event) => this.#onFocus(event.target));
    this.redraw();
  }

  /** @param {Asked} asked shown in the headers from now on */
  set asked(asked) {
    this.#asked = asked;
    this.#range.clear();
    this.redraw();
  }

  get count() {
    return this.#blocks.count ?? this.#drawn.size;
  }

  get active() {
    return this.#active;
  }

  /** @returns {ColumnSpec | undefined} undefined: of the row's number */
  get activeColumn() {
    return this.#columns[this.#active.at - 1]?.column;
  }

  /** Everything anew: other columns, widths or headers. */
  redraw() {
    this.#measure();
    this.#drawHead();
    for (const { line } of this.#drawn.values()) line.remove();
    this.#drawn.clear();
    this.#draw();
  }

  /** To the first row, or to the header if that is where one is: who sorts goes on from there. */
  toTop() {
    this.#active = { position: Math.min(this.#active.position, 0), at: Math.max(1, this.#active.at) };
    this.#box.scrollTop = 0;
    this.#scroll.scrollTo(0);
  }

  /** Go to a cell, scroll it into sight and give it the focus. */
  goTo(position, at = this.#active.at, { isExtending = false } = {}) {
    const from = this.#active;
    this.#active = {
      position: Math.min(Math.max(position, -1), this.count - 1),
      at: Math.min(Math.max(at, 0), this.#columns.length),
    };
    if (isExtending) this.#range.extend(from, this.#active);
    else this.#range.clear();
    this.#reveal();
    this.#draw();
    this.#paintMarks();
    this.cell()?.focus({ preventScroll: true });
  }

  /** The active cell's element. */
  cell() {
    const { position, at } = this.#active;
    const line = position < 0 ? this.#head.firstChild : this.#drawn.get(position)?.line;
    return line?.querySelector(`[aria-colindex="${at + 1}"]`) ?? null;
  }

  headerOf(name) {
    return this.#head.querySelector(`[data-name="${CSS.escape(name)}"]`);
  }

  /** Draw a row anew, though it is the same: an editor was in it. */
  forget(position) {
    this.#drawn.get(position)?.line.remove();
    this.#drawn.delete(position);
    this.#draw();
  }

  /** Show that a row is going to be deleted, or that it is not. */
  setLeaving(rowId, isLeaving) {
    if (isLeaving) this.#leaving.add(rowId);
    else this.#leaving.delete(rowId);
    for (const { line, row } of this.#drawn.values()) line.classList.toggle("leaving", this.#leaving.has(row?._id));
  }

  get markedCells() {
    const { top, bottom, left, right } = this.#range.of(this.#active);
    return (bottom - top + 1) * (right - left + 1);
  }

  /** The cells that are marked, or the active one, as rows of text. @returns {Promise<string[][]>} */
  async markedText() {
    const { top, bottom, left, right } = this.#range.of(this.#active);
    const rows = await this.#blocks.between(Math.max(0, top), bottom);
    const columns = this.#columns.slice(Math.max(1, left) - 1, right);
    return rows.map((row) => columns.map(({ column }) => plain(row[column.name])));
  }

  // --- measures

  #measure() {
    let left = ROW_NUMBER_PX;
    this.#columns = this.#layout.shown.map((column) => {
      const width = this.#layout.widthOf(column);
      left += width;
      return { column, width, left: left - width, isPinned: this.#layout.isPinned(column.name) };
    });
    const pinned = this.#columns.filter(({ isPinned }) => isPinned);
    this.#pinnedPx = ROW_NUMBER_PX + pinned.reduce((sum, { width }) => sum + width, 0);
    for (const part of [this.#head, this.#body]) part.style.width = `${left}px`;
    this.#box.setAttribute("aria-colcount", String(this.#columns.length + 1));
    this.#active.at = Math.min(this.#active.at, this.#columns.length);
  }

  #onRows() {
    this.#box.setAttribute("aria-rowcount", String(this.count + 1));
    this.#scroll.heightPx = this.count * ROW_PX;
    this.#active.position = Math.min(this.#active.position, Math.max(0, this.count - 1));
    this.#drawSoon();
  }

  /** Scroll so far that the active cell is in sight. */
  #reveal() {
    const { position, at } = this.#active;
    const room = this.#box.clientHeight - this.#head.offsetHeight;
    if (position >= 0) {
      const top = position * ROW_PX;
      if (top < this.#scroll.topPx) this.#scroll.scrollTo(top);
      else if (top + ROW_PX > this.#scroll.topPx + room) this.#scroll.scrollTo(top + ROW_PX - room);
    }
    const place = this.#columns[at - 1];
    if (!place || place.isPinned) return;
    if (place.left - this.#pinnedPx < this.#box.scrollLeft) this.#box.scrollLeft = place.left - this.#pinnedPx;
    const overhang = place.left + place.width - this.#box.scrollLeft - this.#box.clientWidth;
    if (overhang > 0) this.#box.scrollLeft += Math.min(overhang, place.left - this.#pinnedPx);
  }

  get pageRows() {
    return Math.max(1, Math.floor((this.#box.clientHeight - this.#head.offsetHeight) / ROW_PX) - 1);
  }

  // --- drawing

  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const first = Math.max(0, Math.floor(this.#scroll.topPx / ROW_PX));
    const seen = Math.min(MOST_ROWS, Math.ceil(this.#box.clientHeight / ROW_PX));
    const last = Math.min(this.count - 1, first + seen);
    if (this.#blocks.count !== null) this.#blocks.want(first, last);
    const positions = [];
    const from = Math.max(0, first - BEYOND_ROWS);
    const to = Math.min(this.count - 1, last + BEYOND_ROWS);
    for (let position = from; position <= to; position += 1) positions.push(position);
    this.#drawRows(this.#withActive(positions));
    this.#drawHeadAgain();
  }

  /** The active row stays, wherever it is: the focus is in it. */
  #withActive(positions) {
    const { position } = this.#active;
    if (position < 0 || position >= this.count || positions.includes(position)) return positions;
    return position < positions[0] ? [position, ...positions] : [...positions, position];
  }

  #drawRows(positions) {
    const wanted = new Set(positions);
    for (const [position, { line }] of this.#drawn) {
      if (wanted.has(position)) continue;
      line.remove();
      this.#drawn.delete(position);
    }
    const sight = this.#inSight();
    let next = this.#body.firstChild;
    for (const position of positions) {
      const line = this.#line(position, sight);
      line.style.transform = `translateY(${position * ROW_PX - this.#scroll.shiftPx}px)`;
      if (line === next) next = next.nextSibling;
      else this.#body.insertBefore(line, next);
    }
  }

  /** Numbers of the columns that are drawn: the pinned ones, and from `from` to `to`. */
  #inSight() {
    const left = this.#box.scrollLeft + this.#pinnedPx;
    const right = this.#box.scrollLeft + this.#box.clientWidth;
    const seen = (place) => !place.isPinned && place.left + place.width > left && place.left < right;
    const from = this.#columns.findIndex(seen);
    const to = this.#columns.findLastIndex(seen);
    const pinned = this.#columns.filter(({ isPinned }) => isPinned).length;
    return { pinned, from: Math.max(pinned, from - 1), to: Math.min(this.#columns.length - 1, to + 1) };
  }

  #line(position, sight) {
    const row = this.#blocks.row(position);
    const key = `${sight.from}-${sight.to}`;
    const drawn = this.#drawn.get(position);
    const line = drawn?.line ?? element("div", { role: "row", "aria-rowindex": String(position + 2), class: "grid-row" });
    if (drawn && ((drawn.row === row && drawn.key === key) || line.querySelector(".editing"))) return line;
    this.#drawn.set(position, { line, row, key });
    const hadFocus = line.contains(document.activeElement);
    line.classList.toggle("coming", !row);
    line.classList.toggle("leaving", this.#leaving.has(row?._id));
    line.replaceChildren(...this.#cells(row, position, sight));
    if (hadFocus) this.cell()?.focus({ preventScroll: true });
    return line;
  }

  #cells(row, position, sight) {
    const at = this.#placesInSight(sight, position === this.#active.position);
    const number = row ? figures.number(row._id) : "";
    const header = element("div", { role: "rowheader", class: "row-id number", "aria-colindex": "1" }, number);
    this.#place(header, { width: ROW_NUMBER_PX, left: 0, isPinned: true }, 0);
    this.#mark(header, position, 0);
    const made = [header];
    let end = this.#pinnedPx;
    for (const each of at) {
      const place = this.#columns[each];
      const cell = this.#cell(row, place.column, each + 1);
      this.#place(cell, place, place.isPinned ? 0 : place.left - end);
      if (!place.isPinned) end = place.left + place.width;
      this.#mark(cell, position, each + 1);
      made.push(cell);
    }
    return made;
  }

  #placesInSight({ pinned, from, to }, isActive) {
    const found = this.#columns.map((_, at) => at).filter((at) => at < pinned || (at >= from && at <= to));
    const active = this.#active.at - 1;
    if (isActive && active >= 0 && !found.includes(active)) found.push(active);
    return found.sort((one, other) => one - other);
  }

  #cell(row, { name, type }, at) {
    const text = row ? inCell(row[name], type) : "";
    const kind = row && !text && row[name] === null ? " empty-cell" : "";
    const side = NUMERIC.has(type) ? " number" : "";
    const given = { role: "gridcell", class: `cell${side}${kind}`, "aria-colindex": String(at + 1), "data-name": name };
    return element("div", given, element("span", {}, text));
  }

  #place(cell, { width, left, isPinned }, gap) {
    cell.style.width = `${width}px`;
    if (isPinned) {
      cell.classList.add("pinned");
      cell.style.left = `${left}px`;
    } else if (gap) cell.style.marginLeft = `${gap}px`;
  }

  #mark(cell, position, at) {
    const isActive = position === this.#active.position && at === this.#active.at;
    cell.tabIndex = isActive ? 0 : -1;
    const isMarked = this.#range.has(position, at);
    cell.classList.toggle("marked", isMarked);
    if (isMarked) cell.setAttribute("aria-selected", "true");
    else cell.removeAttribute("aria-selected");
  }

  #paintMarks() {
    for (const [position, { line }] of this.#drawn) this.#paintLine(line, position);
    this.#paintLine(this.#head.firstChild, -1);
  }

  #paintLine(line, position) {
    for (const cell of line.children) this.#mark(cell, position, Number(cell.getAttribute("aria-colindex")) - 1);
  }

  // --- the header

  #drawHead() {
    this.#sightOfHead = "";
    this.#drawHeadAgain();
  }

  /** Headers follow what is seen of the columns. */
  #drawHeadAgain() {
    const sight = this.#inSight();
    const key = `${sight.from}-${sight.to}`;
    if (key === this.#sightOfHead) return;
    this.#sightOfHead = key;
    const hadFocus = this.#head.contains(document.activeElement);
    this.#head.replaceChildren(element("div", { role: "row", "aria-rowindex": "1", class: "grid-row" }, this.#headers(sight)));
    if (hadFocus) this.cell()?.focus({ preventScroll: true });
  }

  #headers(sight) {
    const first = rowNumberHeader();
    this.#place(first, { width: ROW_NUMBER_PX, left: 0, isPinned: true }, 0);
    this.#mark(first, -1, 0);
    const made = [first];
    let end = this.#pinnedPx;
    for (const each of this.#placesInSight(sight, this.#active.position < 0)) {
      const place = this.#columns[each];
      const cell = headerCell(place.column, each + 2, this.#asked, this.#layout, (kind, detail) => this.#tell(kind, detail));
      this.#place(cell, place, place.isPinned ? 0 : place.left - end);
      if (!place.isPinned) end = place.left + place.width;
      this.#mark(cell, -1, each + 1);
      made.push(cell);
    }
    return made;
  }

  // --- what people do

  #tell(kind, detail = {}) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  #onKey(event) {
    if (event.target.closest(".editing, [popover], button.column-menu")) return;
    const action = KEYS[keyName(event)];
    if (action) {
      event.preventDefault();
      action(this, (kind, detail) => this.#tell(kind, detail));
    } else if (isTyped(event) && this.#active.position >= 0 && this.activeColumn) {
      event.preventDefault();
      this.#tell("edit", { ...this.#here(), text: event.key });
    }
  }

  #here() {
    return { position: this.#active.position, name: this.activeColumn?.name };
  }

  /** Which cell an element is in. */
  #cellAt(target) {
    const cell = target.closest?.("[aria-colindex]");
    const line = target.closest?.("[role=row]");
    if (!cell || !line || cell.closest(".editing")) return null;
    return { position: Number(line.getAttribute("aria-rowindex")) - 2, at: Number(cell.getAttribute("aria-colindex")) - 1 };
  }

  #onPress(event) {
    const found = event.button === 0 && this.#cellAt(event.target);
    if (!found) return;
    event.preventDefault();
    this.goTo(found.position, found.at, { isExtending: event.shiftKey });
    if (found.at > 0 && !event.shiftKey) this.#followDrag();
  }

  #followDrag() {
    const follow = (event) => {
      const found = this.#cellAt(event.target);
      const { position, at } = this.#active;
      if (found && (found.position !== position || found.at !== at)) {
        this.goTo(found.position, Math.max(1, found.at), { isExtending: true });
      }
    };
    this.#body.addEventListener("mouseover", follow);
    addEventListener("mouseup", () => this.#body.removeEventListener("mouseover", follow), { once: true });
  }

  #onClick(event) {
    const found = this.#cellAt(event.target);
    const isCard = matchMedia("(max-width: 600px)").matches;
    if (found && (found.at === 0 || isCard) && !event.shiftKey) this.#tell("open", { position: found.position });
  }

  #onTwoPresses(event) {
    if (this.#cellAt(event.target) && this.activeColumn) this.#tell("edit", this.#here());
  }

  /** By Tab, or by a screen reader, which goes where it likes. */
  #onFocus(target) {
    const found = this.#cellAt(target);
    if (!found || target.getAttribute("aria-colindex") === null) return;
    if (found.position === this.#active.position && found.at === this.#active.at) return;
    this.#active = found;
    this.#paintMarks();
  }
}

function keyName({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const held = [(ctrlKey || metaKey) && "Ctrl", altKey && "Alt", shiftKey && "Shift"].filter(Boolean);
  return [...held, key.length === 1 ? key.toLowerCase() : key].join("+");
}

/** As a table of another program takes it. */
function plain(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
