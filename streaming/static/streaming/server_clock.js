/** What the server's clock shows now, by questions and answers over the same line. */

const KEPT = 8;

/** Milliseconds since 1970 by this machine's clock, finer than Date.now(). */
export function nowMs() {
  return performance.timeOrigin + performance.now();
}

export class ServerClock {
  #samples = []; // {roundTripMs, aheadMs}

  /** @param {{ sentAtMs: number, serverAtUs: number }} answer */
  hear({ sentAtMs, serverAtUs }) {
    const receivedAtMs = nowMs();
    const aheadMs = serverAtUs / 1000 - (sentAtMs + receivedAtMs) / 2;
    this.#samples.push({ roundTripMs: receivedAtMs - sentAtMs, aheadMs });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** How far the server's clock is ahead, by the quickest answer; null before the first. */
  get aheadMs() {
    if (!this.#samples.length) return null;
    return this.#samples.reduce((best, each) => (each.roundTripMs < best.roundTripMs ? each : best)).aheadMs;
  }

  /** Since that moment of the server's; null where it cannot be told. @param {number} atUs */
  sinceMs(atUs) {
    return this.aheadMs === null ? null : nowMs() + this.aheadMs - atUs / 1000;
  }
}
