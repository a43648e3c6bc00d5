/** Figures over the last seconds: pictures and bytes per second, delay. */

const WINDOW_MS = 3000;

export class Meter {
  #pictures = []; // {atMs, latencyMs}
  #bytes = []; // {atMs, total}

  /** @param {number | null} latencyMs from its capture until now */
  picture(latencyMs) {
    const atMs = performance.now();
    this.#pictures.push({ atMs, latencyMs });
    while (atMs - this.#pictures[0].atMs > WINDOW_MS) this.#pictures.shift();
  }

  /** @param {number | null} total received so far */
  received(total) {
    if (total === null) return;
    const atMs = performance.now();
    if (total < (this.#bytes.at(-1)?.total ?? 0)) this.#bytes = []; // another line
    this.#bytes.push({ atMs, total });
    while (atMs - this.#bytes[0].atMs > WINDOW_MS) this.#bytes.shift();
  }

  get fps() {
    const nowMs = performance.now();
    const count = this.#pictures.filter(({ atMs }) => nowMs - atMs < WINDOW_MS).length;
    return count / (WINDOW_MS / 1000);
  }

  /** The middle one of the last seconds; null where it cannot be told. */
  get latencyMs() {
    const known = this.#pictures.map(({ latencyMs }) => latencyMs).filter((ms) => ms !== null);
    return known.sort((a, b) => a - b)[Math.floor(known.length / 2)] ?? null;
  }

  /** null until there is something to tell */
  get bytesPerSecond() {
    const [first, last] = [this.#bytes[0], this.#bytes.at(-1)];
    if (!first || last.atMs - first.atMs < 500) return null;
    return ((last.total - first.total) * 1000) / (last.atMs - first.atMs);
  }
}
