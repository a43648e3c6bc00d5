/** Speed over a moving window, so that one stall or burst does not make the figures jump. */

const WINDOW_MS = 8000;

export class Rate {
  #samples = [];

  /** @param {number} total bytes so far @param {number} nowMs */
  add(total, nowMs = performance.now()) {
    this.#samples.push({ total, nowMs });
    while (this.#samples.length > 2 && nowMs - this.#samples[0].nowMs > WINDOW_MS) {
      this.#samples.shift();
    }
  }

  /** Bytes per second; null until there is something to tell. */
  get bytesPerSecond() {
    if (this.#samples.length < 2) return null;
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const seconds = (last.nowMs - first.nowMs) / 1000;
    return seconds > 0.3 ? Math.max(0, last.total - first.total) / seconds : null;
  }

  /** Seconds until `missing` bytes are there; null when that cannot be told. */
  secondsFor(missing) {
    const rate = this.bytesPerSecond;
    return rate ? missing / rate : null;
  }

  /** After a pause: what was before says nothing about what comes. */
  forget() {
    this.#samples = [];
  }
}
