/** How large the picture is shown and which part of it: whole, pixel for pixel, or anything between. */

const STEP = 1.25;
const LARGEST = 8; // screen pixels for one of the picture
const CRISP_FROM = 2;

export class Stage extends EventTarget {
  #viewport;
  #picture;
  #size = { width: 16, height: 9 };
  #mode = "fit"; // "actual", "free"
  #scale = 1; // CSS pixels for one of the picture
  #at = { x: 0, y: 0 }; // of the picture's corner in the viewport

  /** @param {HTMLElement} viewport what is seen of @param {HTMLElement} picture */
  constructor(viewport, picture) {
    super();
    this.#viewport = viewport;
    this.#picture = picture;
    new ResizeObserver(() => this.#lay()).observe(viewport);
  }

  /** @param {{ width: number, height: number }} size of the picture, in its pixels */
  setSize({ width, height }) {
    if (!width || (width === this.#size.width && height === this.#size.height)) return;
    this.#size = { width, height };
    this.#lay();
  }

  get mode() {
    return this.#mode;
  }

  /** Screen pixels for one of the picture. */
  get zoom() {
    return this.#scale * devicePixelRatio;
  }

  fit() {
    this.#mode = "fit";
    this.#lay();
  }

  actual() {
    this.#mode = "actual";
    this.#zoomTo(1 / devicePixelRatio, this.#middle);
  }

  /** @param {number} steps in or, below 0, out @param {{ x: number, y: number }} [at] stays where it is */
  zoomBy(steps, at = this.#middle) {
    this.zoomTimes(STEP ** steps, at);
  }

  zoomTimes(factor, at = this.#middle) {
    const smallest = Math.min(this.#fitting, 1 / devicePixelRatio);
    const scale = Math.min(Math.max(this.#scale * factor, smallest), LARGEST / devicePixelRatio);
    this.#mode = scale === this.#fitting ? "fit" : "free";
    this.#zoomTo(scale, at);
  }

  pan(dx, dy) {
    if (this.#mode === "fit") return;
    this.#at = { x: this.#at.x + dx, y: this.#at.y + dy };
    this.#place();
  }

  get #middle() {
    return { x: this.#viewport.clientWidth / 2, y: this.#viewport.clientHeight / 2 };
  }

  get #fitting() {
    const { clientWidth, clientHeight } = this.#viewport;
    return Math.min(clientWidth / this.#size.width, clientHeight / this.#size.height);
  }

  #zoomTo(scale, at) {
    const ratio = scale / this.#scale;
    this.#at = { x: at.x - (at.x - this.#at.x) * ratio, y: at.y - (at.y - this.#at.y) * ratio };
    this.#scale = scale;
    this.#place();
  }

  #lay() {
    if (this.#mode === "fit") this.#scale = this.#fitting;
    this.#place();
  }

  #place() {
    const { clientWidth, clientHeight } = this.#viewport;
    const [width, height] = [this.#size.width * this.#scale, this.#size.height * this.#scale];
    this.#at = { x: within(this.#at.x, width, clientWidth), y: within(this.#at.y, height, clientHeight) };
    const { style } = this.#picture;
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.transform = `translate(${Math.round(this.#at.x)}px, ${Math.round(this.#at.y)}px)`;
    this.#picture.classList.toggle("crisp", this.zoom >= CRISP_FROM);
    this.#viewport.classList.toggle("movable", width > clientWidth + 1 || height > clientHeight + 1);
    this.dispatchEvent(new Event("change"));
  }
}

/** What is smaller than its room stands in the middle; what is larger leaves no gap. */
function within(at, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(at, room - length));
}
