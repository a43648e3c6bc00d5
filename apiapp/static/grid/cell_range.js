/** A rectangle of cells that are marked: from where marking began to where it has come. */

export class CellRange {
  #from = null; // {position, at}
  #to = null;

  clear() {
    this.#from = this.#to = null;
  }

  /** Mark up to `to`; a new rectangle begins at `from`. */
  extend(from, to) {
    this.#from ??= from;
    this.#to = to;
  }

  /** Its edges; of one cell, `active`, where nothing is marked. */
  of(active) {
    const from = this.#from ?? active;
    const to = this.#to ?? active;
    return {
      top: Math.min(from.position, to.position),
      bottom: Math.max(from.position, to.position),
      left: Math.min(from.at, to.at),
      right: Math.max(from.at, to.at),
    };
  }

  has(position, at) {
    if (!this.#from) return false;
    const { top, bottom, left, right } = this.of(this.#from);
    return position >= top && position <= bottom && at >= left && at <= right;
  }
}
