/** What the page shows of a dataset, as its address says it: the very words of the API. */

const NOT_OURS = ["cursor", "limit", "select", "offset", "format", "count"];

export class Asked {
  /** @type {{column: string, descending: boolean}[]} */
  order = [];
  search = "";
  /** @type {{column: string, test: string}[]} test: as in `price=gte.5`, its right side */
  filters = [];

  /** @param {string} text of an address, what follows its `?` */
  static from(text) {
    const asked = new Asked();
    for (const [name, value] of new URLSearchParams(text)) {
      if (name === "order") asked.order = value.split(",").filter(Boolean).map(keyFrom);
      else if (name === "search") asked.search = value;
      else if (!NOT_OURS.includes(name) && value) asked.filters.push({ column: name, test: value });
    }
    return asked;
  }

  get isNarrowed() {
    return Boolean(this.search || this.filters.length);
  }

  toString() {
    const said = new URLSearchParams();
    for (const { column, test } of this.filters) said.append(column, test);
    if (this.search) said.set("search", this.search);
    if (this.order.length) said.set("order", this.order.map(written).join(","));
    return String(said);
  }

  /** @returns {"ascending" | "descending" | "none"} */
  directionOf(name) {
    const key = this.order.find(({ column }) => column === name);
    if (!key) return "none";
    return key.descending ? "descending" : "ascending";
  }

  testsOf(name) {
    return this.filters.filter(({ column }) => column === name).map(({ test }) => test);
  }

  /** @param {boolean} isAdded to what it is sorted by already */
  sortedBy(column, direction, isAdded = false) {
    const others = this.order.filter((key) => key.column !== column);
    const key = direction === "none" ? [] : [{ column, descending: direction === "descending" }];
    return this.#with({ order: isAdded ? [...others, ...key] : key });
  }

  /** Up, down, and back to the order of the table. */
  turned(column, isAdded) {
    const next = { none: "ascending", ascending: "descending", descending: "none" };
    return this.sortedBy(column, next[this.directionOf(column)], isAdded);
  }

  filtered(column, tests) {
    const others = this.filters.filter((each) => each.column !== column);
    return this.#with({ filters: [...others, ...tests.map((test) => ({ column, test }))] });
  }

  without(filter) {
    return this.#with({ filters: this.filters.filter((each) => each !== filter) });
  }

  searching(search) {
    return this.#with({ search });
  }

  unnarrowed() {
    return this.#with({ filters: [], search: "" });
  }

  /** Without what names a column that `isThere` does not know. */
  onlyOf(isThere) {
    const order = this.order.filter(({ column }) => isThere(column));
    return this.#with({ order, filters: this.filters.filter(({ column }) => isThere(column)) });
  }

  #with(changes) {
    return Object.assign(new Asked(), this, changes);
  }
}

function keyFrom(text) {
  const [column, ...words] = text.trim().split(".");
  return { column, descending: words.includes("desc") };
}

function written({ column, descending }) {
  return descending ? `${column}.desc` : column;
}
