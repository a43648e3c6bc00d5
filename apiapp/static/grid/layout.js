/** Which columns of a dataset are seen, in what order, how wide and which stay; kept in this browser. */

import { NUMERIC } from "../apiapp/column_types.js";

export const NARROWEST_PX = 64;
const WIDEST_PX = 800;
const PINNED_MAX = 4;
const WIDTHS_PX = { text: 220, json: 220, uuid: 290, timestamp: 190, date: 120, boolean: 110 };
const NUMBER_PX = 130;
const LABEL_PX = 8; // a character of a header, about
const HEADER_PX = 68; // its paddings and buttons

/** Fires "change". */
export class Layout extends EventTarget {
  #key;
  #columns;
  #kept; // {order: names, hidden: names, pinned: names, widths: name -> px}

  /** @param {string} slug @param {ColumnSpec[]} columns */
  constructor(slug, columns) {
    super();
    this.#key = `sluice-grid-${slug}`;
    this.#columns = columns;
    this.#kept = read(this.#key);
  }

  set columns(columns) {
    this.#columns = columns;
    this.dispatchEvent(new Event("change"));
  }

  /** Those that are seen, in their order: pinned ones first. @returns {ColumnSpec[]} */
  get shown() {
    const seen = this.all.filter(({ name }) => !this.#kept.hidden.includes(name));
    return [...seen.filter(({ name }) => this.isPinned(name)), ...seen.filter(({ name }) => !this.isPinned(name))];
  }

  /** All, in their order. */
  get all() {
    const place = ({ name }) => this.#kept.order.indexOf(name);
    const placed = this.#columns.filter((column) => place(column) >= 0);
    placed.sort((one, other) => place(one) - place(other));
    return [...placed, ...this.#columns.filter((column) => place(column) < 0)];
  }

  get hiddenCount() {
    return this.#columns.filter(({ name }) => this.#kept.hidden.includes(name)).length;
  }

  isHidden(name) {
    return this.#kept.hidden.includes(name);
  }

  isPinned(name) {
    return this.#kept.pinned.includes(name);
  }

  get mayPin() {
    return this.#kept.pinned.length < PINNED_MAX;
  }

  /** @param {ColumnSpec} column @returns {number} px */
  widthOf({ name, label, type }) {
    const usual = NUMERIC.has(type) ? NUMBER_PX : WIDTHS_PX[type];
    const needed = Math.min(usual + 120, HEADER_PX + label.length * LABEL_PX);
    return this.#kept.widths[name] ?? Math.max(usual, needed);
  }

  resize(name, px) {
    this.#kept.widths[name] = Math.round(Math.min(Math.max(px, NARROWEST_PX), WIDEST_PX));
    this.#keep();
  }

  toggle(name) {
    this.#kept.hidden = toggled(this.#kept.hidden, name);
    this.#keep();
  }

  showAll() {
    this.#kept.hidden = [];
    this.#keep();
  }

  togglePin(name) {
    this.#kept.pinned = toggled(this.#kept.pinned, name);
    this.#keep();
  }

  /** Put a column before or behind (`by` -1 or 1) the one beside it. */
  move(name, by) {
    const shown = this.shown.filter((each) => this.isPinned(each.name) === this.isPinned(name));
    const beside = shown[shown.findIndex((each) => each.name === name) + by];
    if (beside) this.moveTo(name, beside.name, by);
  }

  /** Put a column before (`by` -1) or behind (1) the one called `beside`. */
  moveTo(name, beside, by) {
    const names = this.all.map((each) => each.name).filter((each) => each !== name);
    names.splice(names.indexOf(beside) + (by > 0 ? 1 : 0), 0, name);
    this.#kept.order = names;
    this.#keep();
  }

  reset() {
    this.#kept = read("");
    this.#keep();
  }

  #keep() {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#kept));
    } catch {
      // Full or forbidden: it holds until the page is left.
    }
    this.dispatchEvent(new Event("change"));
  }
}

function read(key) {
  const none = { order: [], hidden: [], pinned: [], widths: {} };
  try {
    return { ...none, ...JSON.parse(localStorage.getItem(key) ?? "{}") };
  } catch {
    return none;
  }
}

function toggled(names, name) {
  return names.includes(name) ? names.filter((each) => each !== name) : [...names, name];
}
