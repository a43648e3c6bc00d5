/** The page /monitor/: how requests went and how everything is, asked again every few seconds. */

import "../site/shell.js";
import { announce } from "../site/announcer.js";
import { get } from "../site/api.js";
import { element, field, link } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { Latest } from "../site/latest.js";
import { errorView } from "../site/states.js";
import { MonitorAlerts } from "./monitor_alerts.js";
import { MonitorCharts } from "./monitor_charts.js";
import { MonitorNow } from "./monitor_now.js";
import { MonitorRoutes } from "./monitor_routes.js";
import { exactTime, rate, share, took } from "./monitor_words.js";
import { TimeChart } from "./time_chart.js";

const EVERY_MS = 5000;
const TOO_LONG_MS = 10_000;
const MINUTE_S = 60;
const RANGES = [
  ["15m", 15 * MINUTE_S, gettext("15 minutes")],
  ["1h", 60 * MINUTE_S, gettext("1 hour")],
  ["6h", 6 * 60 * MINUTE_S, gettext("6 hours")],
  ["24h", 24 * 60 * MINUTE_S, gettext("24 hours")],
  ["7d", 7 * 24 * 60 * MINUTE_S, gettext("7 days")],
  ["30d", 30 * 24 * 60 * MINUTE_S, gettext("30 days")],
];
const USUAL = "1h";
const ALL = "";

class MonitorPage {
  #range = element("select", { onchange: () => this.#onAsked() }, RANGES.map(([name, , words]) => element("option", { value: name }, words)));
  #route = element("select", { onchange: () => this.#onAsked() }, element("option", { value: ALL }, gettext("all")));
  #charts = new MonitorCharts(document.getElementById("charts"));
  #now = new MonitorNow(document.getElementById("now"));
  #routes = new MonitorRoutes(document.getElementById("routes"), (route) => this.#showAlone(route));
  #alerts = new MonitorAlerts(document.getElementById("alerts"), document.getElementById("firing"));
  #stale = document.getElementById("stale");
  #freshness = document.getElementById("freshness");
  #asks = new Latest();
  #isAsking = false;
  #toldAt = ""; // by the server's clock, what is shown
  #timer = 0;

  async begin() {
    const said = new URLSearchParams(location.search);
    this.#range.value = RANGES.some(([name]) => name === said.get("range")) ? said.get("range") : USUAL;
    this.#offerRoutes([], said.get("route") ?? ALL);
    document.getElementById("asked").append(field(gettext("The last"), this.#range), field(gettext("Route"), this.#route));
    try {
      await TimeChart.ready();
    } catch {
      const problem = new Error(gettext("What draws the charts did not come."));
      document.getElementById("charts").replaceChildren(errorView(problem, () => location.reload()));
      return;
    }
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.#look());
    addEventListener("online", () => this.#look());
    await this.#look();
  }

  #showAlone(route) {
    this.#offerRoutes([], route);
    this.#onAsked();
    this.#route.focus();
  }

  /** What is asked is in the address, to come back to and to send on. */
  #onAsked() {
    const said = new URLSearchParams({ range: this.#range.value });
    if (this.#route.value) said.set("route", this.#route.value);
    history.replaceState(null, "", `?${said}`);
    this.#isAsking = false; // for what nobody wants any more
    this.#look();
  }

  /** Ask now, unless nobody would see the answer. */
  async #look() {
    if (document.hidden || this.#isAsking) return;
    this.#isAsking = true;
    const isLatest = this.#asks.begin();
    try {
      const told = await this.#ask();
      if (isLatest()) this.#show(told);
    } catch (problem) {
      if (isLatest()) this.#onProblem(problem);
    }
    if (isLatest()) this.#isAsking = false;
  }

  /** Since when is counted by the server's clock: the one here may be wrong. */
  async #ask() {
    const options = { signal: AbortSignal.timeout(TOO_LONG_MS) };
    const now = await get("/api/monitoring/gauges/", options);
    const [, seconds] = RANGES.find(([name]) => name === this.#range.value);
    const since = new Date(Date.parse(now.checked_at) - seconds * 1000 + 1000).toISOString();
    const asked = new URLSearchParams({ since });
    const alone = new URLSearchParams(asked);
    if (this.#route.value) alone.set("route", this.#route.value);
    const [requests, course, everything, alerts] = await Promise.all([
      get(`/api/monitoring/requests/?${alone}`, options),
      get(`/api/monitoring/course/?${alone}`, options),
      this.#route.value ? get(`/api/monitoring/requests/?${asked}`, options) : null,
      this.#alerts.ask(options),
    ]);
    return { now, requests, course, routes: (everything ?? requests).routes, alerts };
  }

  #show({ now, requests, course, routes, alerts }) {
    this.#toldAt = now.checked_at;
    this.#now.show(now.gauges);
    this.#showSummary(requests.all);
    this.#charts.show(course);
    this.#routes.show(requests.routes);
    this.#offerRoutes(routes.map(({ route }) => route), this.#route.value);
    this.#alerts.show(alerts);
    this.#freshness.replaceChildren(element("span", { class: "state succeeded" }, gettext("As of {time}", { time: exactTime(this.#toldAt) })));
    if (!this.#stale.hidden) announce(gettext("The figures are fresh again."));
    this.#stale.hidden = true;
  }

  #showSummary(all) {
    const facts = [
      [gettext("Requests"), number(all.count)],
      [gettext("per second"), rate(all.per_s)],
      ["P50", took(all.p50_s)],
      ["P90", took(all.p90_s)],
      ["P99", took(all.p99_s)],
      ["4xx", share(all.rate_4xx)],
      ["5xx", share(all.rate_5xx), all.rate_5xx ? "bad" : ""],
    ];
    const tiles = facts.map(([words, value, kind]) => element("div", {}, element("dt", {}, words), element("dd", { class: kind || null }, value)));
    document.getElementById("summary").replaceChildren(...tiles);
  }

  /** Those there are; the one that is shown stays, also where nothing was asked of it. */
  #offerRoutes(routes, chosen) {
    const names = new Set([...routes, chosen].filter(Boolean));
    const next = [ALL, ...[...names].sort()];
    const there = [...this.#route.options].map(({ value }) => value);
    if (next.join("\n") !== there.join("\n")) {
      this.#route.replaceChildren(...next.map((name) => element("option", { value: name }, name || gettext("all"))));
    }
    this.#route.value = chosen;
  }

  #onProblem(problem) {
    if (problem.isSignedOut || problem.status === 403) clearInterval(this.#timer);
    const age = this.#toldAt && gettext("These figures are of {time}.", { time: exactTime(this.#toldAt) });
    const reason = problem.message || gettext("The server does not answer.");
    const next = problem.isSignedOut ? link("/login/?next=/monitor/", gettext("Sign in")) : gettext("Trying again every few seconds.");
    const words = [age, " ", reason, " ", next].filter(Boolean);
    const note = element("p", {}, words);
    if (this.#stale.hidden || this.#stale.textContent !== note.textContent) this.#stale.replaceChildren(note);
    this.#stale.hidden = false;
    const none = this.#toldAt ? gettext("As of {time}", { time: exactTime(this.#toldAt) }) : gettext("nothing known yet");
    this.#freshness.replaceChildren(element("span", { class: "state failed" }, none));
  }
}

new MonitorPage().begin();
