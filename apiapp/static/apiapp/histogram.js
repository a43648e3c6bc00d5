/** Bars that say how many values lie where: by sight, by hovering, by arrow keys, and as a table. */

import { element } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { table } from "../site/states.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 320;
const HEIGHT = 96;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

export class Histogram {
  /**
   * @param {{of: string, bars: {from: any, to: any, count: number}[]}} histogram
   * @param {(value: any) => string} shown
   */
  constructor({ of, bars }, shown) {
    this.#words = bars.map(({ from, to, count }) =>
      gettext("{from} to {to}: {count}", { from: shown(from), to: shown(to), count: number(count) }),
    );
    const title = of === "lengths" ? gettext("How long the texts are") : gettext("How the values are spread");
    this.#readout = element("p", { class: "small readout", "aria-live": "polite" });
    this.#bars = barsOf(bars.map(({ count }) => count));
    const chart = this.#chart(title);
    const ends = element("p", { class: "ends muted small" }, element("span", {}, shown(bars[0].from)), element("span", {}, shown(bars.at(-1).to)));
    const rows = bars.map((bar) => element("tr", {}, ...[bar.from, bar.to].map((value) => element("td", {}, shown(value))), element("td", { class: "number" }, number(bar.count))));
    const list = table([gettext("From"), gettext("To"), [gettext("Rows"), "number"]], rows);
    const inWords = element("details", {}, element("summary", { class: "small" }, gettext("As a table")), list);
    this.view = element("div", { class: "histogram" }, element("h3", {}, title), chart, ends, this.#readout, inWords);
    this.#show(bars.findIndex(({ count }) => count === Math.max(...bars.map((bar) => bar.count))));
  }

  #words;
  #readout;
  #bars;
  #at = 0;

  #chart(title) {
    const chart = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title, tabindex: 0 });
    chart.append(...this.#bars);
    chart.addEventListener("keydown", (event) => {
      if (!(event.key in STEPS)) return;
      event.preventDefault();
      this.#show(Math.min(Math.max(this.#at + STEPS[event.key], 0), this.#bars.length - 1));
    });
    chart.addEventListener("pointermove", ({ clientX }) => {
      const box = chart.getBoundingClientRect();
      const at = Math.floor(((clientX - box.left) / box.width) * this.#bars.length);
      this.#show(Math.min(Math.max(at, 0), this.#bars.length - 1));
    });
    return chart;
  }

  #show(at) {
    this.#bars[this.#at].classList.remove("current");
    this.#at = at;
    this.#bars[at].classList.add("current");
    if (this.#readout.textContent !== this.#words[at]) this.#readout.textContent = this.#words[at];
  }
}

/** One bar for each count; what is not nothing can be seen. */
function barsOf(counts) {
  const most = Math.max(...counts, 1);
  const width = WIDTH / counts.length;
  return counts.map((count, at) => {
    const height = count ? Math.max((count / most) * HEIGHT, 2) : 0;
    return drawn("rect", { x: at * width + 1, y: HEIGHT - height, width: Math.max(width - 2, 1), height });
  });
}

function drawn(tag, given) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(given)) made.setAttribute(name, value);
  return made;
}
