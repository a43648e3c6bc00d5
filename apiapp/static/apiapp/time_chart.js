/** Points over time, drawn by uPlot: by sight, by hovering or touching, and by arrow keys. */

import { element } from "../site/elements.js";
import { language } from "../site/i18n.js";
import { applied } from "../site/stylesheet.js";

const FOLDER = new URL("../vendor/uplot/", import.meta.url);
const HEIGHT_PX = 260;
const LABEL_PX = 96; // at least, from one label to the next
const BARS_MAX = 60; // more are a line
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 2 });

let Plot = null;

export class TimeChart {
  /** To be awaited before the first is made. */
  static async ready() {
    const [drawing] = await Promise.all([import(new URL("uPlot.mjs", FOLDER)), applied(new URL("uPlot.min.css", FOLDER))]);
    Plot = drawing.default;
  }

  /**
   * @typedef {object} Series values of the same points; several have words and looks of their own
   * @property {(number | null)[]} values
   * @property {string} [words]
   * @property {string} [token] of its colour
   * @property {number[]} [dash]
   *
   * @param {Series[]} series
   * @param {{words: string[], title: string, shown: (value: number | null) => string, onAxis?: (value: number) => string,
   *   height?: number, isLive?: boolean, isWhole?: boolean}} told words: of each point; isLive: the last is told first, not
   *   the greatest; isWhole: there is nothing between one number and the next
   */
  constructor(series, { words, title, shown, onAxis = (value) => short.format(value), height = HEIGHT_PX, isLive = false, isWhole = false }) {
    this.#shown = shown;
    this.#onAxis = onAxis;
    this.#height = height;
    this.#isWhole = isWhole;
    this.#readout = element("p", { class: "readout", "aria-live": isLive ? "off" : "polite" });
    this.#box = element("div", { class: "time-chart", tabindex: "0", role: "img", "aria-label": title });
    this.root = element("div", {}, this.#readout, this.#box);
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#sizes = new ResizeObserver(() => this.#fit());
    this.#sizes.observe(this.#box);
    this.#scheme.addEventListener("change", this.#redraw);
    this.#take(series, words);
    this.#say(isLive ? words.length - 1 : this.#greatest);
  }

  #shown;
  #onAxis;
  #height;
  #isWhole;
  #series;
  #words;
  #readout;
  #box;
  #sizes;
  #plot = null;
  #at;
  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #redraw = () => this.#plot?.redraw();

  /** Nothing of it listens any more. */
  remove() {
    this.#sizes.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#plot?.destroy();
  }

  /**
   * Other figures in place of these.  A point that somebody looks at stays the one that is told, and
   * nothing is read out that nobody asked for; else the last one is told.
   *
   * @param {Series[]} series as many as before @param {string[]} words
   */
  update(series, words) {
    const [kept, count] = [this.#words[this.#at], this.#words.length];
    const isLookedAt = this.#box.matches(":hover, :focus");
    this.#take(series, words);
    if (this.#plot && words.length === count) this.#plot.setData(this.#data, true);
    else this.#drawAnew();
    const found = isLookedAt ? words.indexOf(kept) : -1;
    this.#readout.setAttribute("aria-live", "off");
    this.#say(found < 0 ? words.length - 1 : found);
  }

  #take(series, words) {
    this.#series = series;
    this.#words = words;
  }

  #drawAnew() {
    this.#plot?.destroy();
    this.#plot = null;
    this.#fit();
  }

  get #data() {
    return [this.#words.map((_, at) => at), ...this.#series.map(({ values }) => values)];
  }

  get #greatest() {
    const known = this.#series[0].values.map((value) => value ?? -Infinity);
    return known.indexOf(Math.max(...known));
  }

  get #most() {
    return Math.max(1, ...this.#series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  }

  #told(at) {
    const each = this.#series.map(({ words, values }) => [words, this.#shown(values[at])].filter(Boolean).join(" "));
    return `${this.#words[at]}: ${each.join(" · ")}`;
  }

  /** Drawn when it has a width, and anew when that changes. */
  #fit() {
    const width = Math.floor(this.#box.clientWidth);
    if (!width) return;
    if (this.#plot) this.#plot.setSize({ width, height: this.#height });
    else this.#plot = new Plot(this.#options(width), this.#data, this.#box);
  }

  #options(width) {
    const last = this.#words.length - 1;
    return {
      width,
      height: this.#height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: [-0.5, last + 0.5] },
        y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.05 : Number(!least)] },
      },
      axes: [
        { stroke: () => colour("--muted"), grid: { show: false }, ticks: { stroke: () => colour("--line") }, space: LABEL_PX, incrs: steps(last + 1), values: (_, places) => places.map((at) => this.#words[at] ?? "") },
        { stroke: () => colour("--muted"), grid: { stroke: () => colour("--line") }, ticks: { show: false }, size: 64, ...(this.#isWhole ? { incrs: steps(this.#most) } : {}), values: (_, values) => values.map((value) => this.#onAxis(value)) },
      ],
      series: [
        {},
        ...(this.#series.length > 1 ? this.#series.map(lineOf) : [only(last)]),
      ],
      hooks: { setCursor: [({ cursor }) => this.#say(cursor.idx)] },
    };
  }

  #onKey(event) {
    if (!(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#readout.setAttribute("aria-live", "polite");
    const at = Math.min(Math.max(this.#at + STEPS[event.key], 0), this.#words.length - 1);
    this.#plot?.setCursor({ left: this.#plot.valToPos(at, "x"), top: 1 });
    this.#say(at);
  }

  /** The pointer is away: what was said last stays. */
  #say(at) {
    if (at === null || at === undefined) return;
    this.#at = at;
    const told = this.#told(at);
    if (this.#readout.textContent !== told) this.#readout.textContent = told;
  }
}

/** A line among others. */
function lineOf({ token, dash }) {
  return { stroke: () => colour(token), width: 2, dash, points: { show: true, size: 4, fill: () => colour(token) } };
}

/** What is drawn alone: bars, where there is room for them. */
function only(last) {
  const isBars = last < BARS_MAX;
  return {
    stroke: () => colour("--accent"),
    fill: () => colour(isBars ? "--accent-line" : "--accent-soft"),
    width: isBars ? 1 : 2,
    points: { show: !isBars && last < 2 * BARS_MAX, size: 4, fill: () => colour("--accent") },
    ...(isBars ? { paths: Plot.paths.bars({ size: [0.8, 72] }) } : {}),
  };
}

function colour(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}

/** From label to label: 1, 2, 5, 10, ... points. */
function steps(count) {
  const found = [];
  for (let power = 1; power <= count * 10; power *= 10) found.push(power, 2 * power, 5 * power);
  return found;
}
