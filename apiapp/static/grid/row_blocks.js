/** The rows around what is seen, fetched by blocks and forgotten again. */

import { get } from "../site/api.js";

const KEPT_BLOCKS = 60;
const AT_ONCE = 2;
const SETTLE_MS = 70; // while somebody drags the scroll bar, nothing in between is fetched

/** Fires "rows" when some arrived or changed, "problem" (detail: an Error) when some cannot be had. */
export class RowBlocks extends EventTarget {
  #path;
  #size;
  #query = "";
  #blocks = new Map(); // number -> rows; the least recently seen first
  #coming = new Map(); // number -> AbortController
  #passing = new Set(); // numbers of those coming that are given up when scrolled past
  #wanted = [];
  #timer = 0;
  #turn = 0;

  /** How many rows there are; null until that is known. @type {number | null} */
  count = null;

  /** @param {string} path of the windows of rows @param {number} size rows of a block */
  constructor(path, size) {
    super();
    this.#path = path;
    this.#size = size;
  }

  /** Ask for other rows; fetches the first.  @param {string} query of the address */
  async ask(query) {
    this.#query = query;
    await this.refresh(0);
  }

  /** Forget all, and fetch the block with the row at `position` first. */
  async refresh(position) {
    this.#turn += 1;
    clearTimeout(this.#timer);
    for (const each of this.#coming.values()) each.abort();
    this.#coming.clear();
    this.#passing.clear();
    this.#blocks.clear();
    this.#wanted = [];
    this.count = null;
    await this.#fetch(Math.floor(position / this.#size));
  }

  /** @returns {Record<string, any> | undefined} undefined: not here yet */
  row(position) {
    return this.#blocks.get(Math.floor(position / this.#size))?.[position % this.#size];
  }

  /** Have the rows from `first` to `last`, and soon those beside them. */
  want(first, last) {
    const from = Math.floor(first / this.#size);
    const to = Math.floor(last / this.#size);
    this.#wanted = numbers(from, to);
    for (const number of this.#wanted) this.#touch(number);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#go([to + 1, from - 1]), SETTLE_MS);
  }

  /** All rows from `first` to `last`, fetched if need be. */
  async between(first, last) {
    const turn = this.#turn;
    for (const number of numbers(Math.floor(first / this.#size), Math.floor(last / this.#size))) {
      if (!this.#blocks.has(number)) await this.#fetch(number);
    }
    if (turn !== this.#turn) return [];
    return numbers(first, last).map((position) => this.row(position)).filter(Boolean);
  }

  /** @returns {number} where the row is, -1 if it is not here */
  positionOf(rowId) {
    for (const [number, rows] of this.#blocks) {
      const at = rows.findIndex((row) => row._id === rowId);
      if (at >= 0) return number * this.#size + at;
    }
    return -1;
  }

  /** Show `row` where the one with its number was. */
  replace(row) {
    const position = this.positionOf(row._id);
    if (position < 0) return;
    this.#blocks.get(Math.floor(position / this.#size))[position % this.#size] = row;
    this.dispatchEvent(new Event("rows"));
  }

  #go(beside) {
    for (const [number, each] of this.#coming) {
      if (this.#passing.has(number) && !this.#wanted.includes(number)) each.abort();
    }
    const last = this.count === null ? 0 : Math.ceil(this.count / this.#size) - 1;
    const missing = [...this.#wanted, ...beside].filter(
      (number) => number >= 0 && number <= last && !this.#blocks.has(number) && !this.#coming.has(number),
    );
    for (const number of missing.slice(0, Math.max(0, AT_ONCE - this.#coming.size))) {
      this.#passing.add(number);
      this.#fetch(number);
    }
  }

  async #fetch(number) {
    const turn = this.#turn;
    const controller = new AbortController();
    this.#coming.set(number, controller);
    try {
      const { results, count } = await get(this.#urlOf(number), { signal: controller.signal });
      if (turn === this.#turn) this.#take(number, results, count);
    } catch (problem) {
      if (turn === this.#turn && problem.name !== "AbortError") this.#tell(problem);
    } finally {
      if (this.#coming.get(number) === controller) {
        this.#coming.delete(number);
        this.#passing.delete(number);
      }
    }
    if (turn === this.#turn && this.#wanted.some((each) => !this.#blocks.has(each))) this.#go([]);
  }

  #urlOf(number) {
    return `${this.#path}?${this.#query}&offset=${number * this.#size}&limit=${this.#size}`;
  }

  #take(number, rows, count) {
    this.#blocks.set(number, rows);
    this.count = count;
    for (const old of [...this.#blocks.keys()].slice(0, this.#blocks.size - KEPT_BLOCKS)) {
      this.#blocks.delete(old);
    }
    this.dispatchEvent(new Event("rows"));
  }

  #tell(problem) {
    this.#wanted = []; // asking again at once would not help
    this.dispatchEvent(new CustomEvent("problem", { detail: problem }));
  }

  #touch(number) {
    const rows = this.#blocks.get(number);
    if (!rows) return;
    this.#blocks.delete(number);
    this.#blocks.set(number, rows);
  }
}

/** The whole numbers from `first` to `last`. */
function numbers(first, last) {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
}
