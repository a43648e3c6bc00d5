/**
 * A box that scrolls through more than browsers let an element be high.
 *
 * They stop at 17 (Firefox) or 33 million pixels (Chromium): half a million rows.  Beyond that the
 * content is only LIMIT_PX high.  Steps smaller than the box move it one to one; longer ones are
 * jumps of the scroll bar, for which its place is what counts.  When the scrolling rests, the bar is
 * set to where it should be.
 */

const LIMIT_PX = 8_000_000;
const REST_MS = 150;

export class TallScroll {
  #box;
  #content;
  #heightPx = 0; // of all there is, were it drawn
  #shift = 0; // what the place of the bar has to be raised by for the true one
  #lastTop = 0;
  #timer = 0;
  #moved;

  /**
   * @param {HTMLElement} box that scrolls
   * @param {HTMLElement} content inside, whose height is set here
   * @param {() => void} moved called at every step
   */
  constructor(box, content, moved) {
    this.#box = box;
    this.#content = content;
    this.#moved = moved;
    box.addEventListener("scroll", () => this.#onScroll(), { passive: true });
  }

  /** Pixels of the whole above what is seen. */
  get topPx() {
    return this.#box.scrollTop + this.#shift;
  }

  /** What to take from a place in the whole for one in `content`. */
  get shiftPx() {
    return this.#shift;
  }

  get heightPx() {
    return this.#heightPx;
  }

  set heightPx(px) {
    this.#heightPx = px;
    this.#content.style.height = `${Math.min(px, LIMIT_PX)}px`;
    if (px <= LIMIT_PX) this.#shift = 0;
  }

  scrollTo(px) {
    const end = Math.max(0, this.#heightPx - this.#content.clientHeight + this.#barEnd);
    this.#settleAt(Math.min(Math.max(px, 0), end));
    this.#moved();
  }

  get #barEnd() {
    return Math.max(0, this.#box.scrollHeight - this.#box.clientHeight);
  }

  /** The whole's last place over the bar's. */
  get #ratio() {
    const end = this.#barEnd;
    return end ? (end + this.#heightPx - this.#content.clientHeight) / end : 1;
  }

  #onScroll() {
    const top = this.#box.scrollTop;
    const isStep = Math.abs(top - this.#lastTop) < this.#box.clientHeight;
    this.#lastTop = top;
    if (this.#heightPx > LIMIT_PX) {
      if (!isStep) this.#shift = top * this.#ratio - top;
      const isAtEdge = top <= 0 || top >= this.#barEnd;
      if (isAtEdge) this.#settleAt(this.topPx);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#settleAt(this.topPx), REST_MS);
    }
    this.#moved();
  }

  /** Put the bar where it belongs for `px` of the whole; what is seen stays. */
  #settleAt(px) {
    const place = Math.round(px / this.#ratio);
    this.#shift = this.#heightPx > LIMIT_PX ? px - place : 0;
    this.#box.scrollTop = place;
    this.#lastTop = place;
  }
}
