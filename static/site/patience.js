/** Waits before the next attempt, longer each time, and ends early when the line is back. */

const FIRST_DELAY_S = 0.5;
const LONGEST_DELAY_S = 15;

export class Patience {
  #failures = 0; // in a row
  #wake = null;

  /** performance.now() of the next attempt */
  retryAtMs = 0;

  get isWaiting() {
    return this.#wake !== null;
  }

  get hasFailed() {
    return this.#failures > 0;
  }

  /** It went well: the next failure is the first again. */
  forget() {
    this.#failures = 0;
  }

  /** End the wait at once. */
  wake() {
    this.#wake?.();
  }

  /** @param {Problem} problem why; it may say itself when to come back */
  wait(problem) {
    const backOffS = Math.min(FIRST_DELAY_S * 2 ** this.#failures, LONGEST_DELAY_S);
    const delayMs = Math.max(problem.retryAfterS, backOffS * (0.8 + 0.4 * Math.random())) * 1000;
    this.#failures += 1;
    this.retryAtMs = performance.now() + delayMs;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("online", done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, delayMs);
      addEventListener("online", done);
      this.#wake = done;
    });
  }
}
