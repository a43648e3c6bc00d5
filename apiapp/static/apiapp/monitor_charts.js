/** The charts of /monitor/: how many requests, how long they took, how many failed, how much was sent. */

import { element } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { emptyView, table } from "../site/states.js";
import { ChartTable } from "./chart_table.js";
import { momentWords, rate, share, took } from "./monitor_words.js";
import { TimeChart } from "./time_chart.js";

const HEIGHT_PX = 200;
const DAY_S = 24 * 3600;
const DASHES = [[], [8, 4], [2, 4]];
const bytesEach = (value) => (value === null ? "–" : figures.bytes(value)); // per second: the title says so, and the axis is narrow

/**
 * @typedef {object} Drawn
 * @property {string} title
 * @property {(value: number | null) => string} shown
 * @property {{words: string, token: string, of: (point: object, seconds: number) => number | null}[]} lines
 */

/** @type {Drawn[]} */
const CHARTS = [
  {
    title: gettext("Requests per second"),
    shown: rate,
    lines: [{ words: "", token: "--accent", of: ({ per_s: perSecond }) => perSecond }],
  },
  {
    title: gettext("Time to answer"),
    shown: took,
    lines: [
      { words: "P50", token: "--accent", of: (point) => point.p50_s },
      { words: "P90", token: "--warn", of: (point) => point.p90_s },
      { words: "P99", token: "--bad", of: (point) => point.p99_s },
    ],
  },
  {
    title: gettext("Share of failures"),
    shown: share,
    lines: [
      { words: "4xx", token: "--warn", of: (point) => (point.count ? point.rate_4xx : null) },
      { words: "5xx", token: "--bad", of: (point) => (point.count ? point.rate_5xx : null) },
    ],
  },
  {
    title: gettext("Bytes per second"),
    shown: bytesEach,
    lines: [
      { words: gettext("received"), token: "--accent", of: (point, seconds) => point.received_bytes / seconds },
      { words: gettext("sent"), token: "--warn", of: (point, seconds) => point.sent_bytes / seconds },
    ],
  },
];

export class MonitorCharts {
  #place;
  #shown = []; // of each chart what is shown of it

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** @param {{since: string, until: string, step_s: number, points: object[]}} course */
  show(course) {
    if (!course.points.some(({ count }) => count)) {
      this.#clear(emptyView(gettext("No requests in this time yet.")));
      return;
    }
    if (this.#shown.length) this.#shown.forEach((each) => each.update(course));
    else this.#begin(course);
  }

  #begin(course) {
    this.#shown = CHARTS.map((drawn) => new OneChart(drawn, course));
    this.#place.replaceChildren(...this.#shown.map(({ root }) => root));
  }

  #clear(...instead) {
    this.#shown.forEach((each) => each.remove());
    this.#shown = [];
    this.#place.replaceChildren(...instead);
  }
}

class OneChart {
  #drawn;
  #course;
  #chart;
  #figures;

  constructor(drawn, course) {
    this.#drawn = drawn;
    this.#course = course;
    const { title, shown } = drawn;
    this.#chart = new TimeChart(this.#series, { words: this.#words, title, shown, height: HEIGHT_PX, onAxis: (value) => (value ? shown(value) : "0"), isLive: true });
    this.#figures = new ChartTable(title, () => this.#table());
    this.root = element("section", { class: "chart-content panel" }, element("h3", {}, title), this.#legend, this.#chart.root, this.#figures.root);
  }

  update(course) {
    this.#course = course;
    this.#chart.update(this.#series, this.#words);
    this.#figures.update();
  }

  remove() {
    this.#chart.remove();
  }

  get #words() {
    const { since, until, points } = this.#course;
    const isOfOneDay = Date.parse(until) - Date.parse(since) <= DAY_S * 1000;
    return points.map(({ at }) => momentWords(at, isOfOneDay));
  }

  get #series() {
    const { points, step_s: step, until } = this.#course;
    const lasted = points.map(({ at }) => Math.max(1, Math.min(step, (Date.parse(until) - Date.parse(at)) / 1000)));
    return this.#drawn.lines.map(({ words, token, of }, line) => ({
      words,
      token,
      dash: DASHES[line],
      values: points.map((point, at) => of(point, lasted[at])),
    }));
  }

  get #legend() {
    const { lines } = this.#drawn;
    if (lines.length === 1) return null;
    return element("ul", { class: "legend" }, lines.map(({ words, token }, at) => element("li", { class: `dash-${at} of${token.slice(1)}` }, words)));
  }

  #table() {
    const { lines, title, shown } = this.#drawn;
    const [series, words] = [this.#series, this.#words];
    const headers = [gettext("Time"), ...lines.map((line) => [line.words || title, "number"])];
    const rows = words.map((each, at) =>
      element("tr", {}, element("th", { scope: "row" }, each), series.map(({ values }) => element("td", { class: "number" }, shown(values[at])))),
    );
    return table(headers, rows.reverse());
  }
}
