/** Answers may overtake each other on their way: only that of the latest question counts. */

export class Latest {
  #count = 0;

  /** @returns {() => boolean} whether this is still the latest */
  begin() {
    this.#count += 1;
    const turn = this.#count;
    return () => turn === this.#count;
  }
}
