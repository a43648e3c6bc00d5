/** The alerts of /monitor/: what fires now, above all else; what did; and what is watched. */

import { announce } from "../site/announcer.js";
import { get, post } from "../site/api.js";
import { button, element, link, scrollBox } from "../site/elements.js";
import { duration, number } from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { emptyView, table, timeView } from "../site/states.js";
import { rate, share, took } from "./monitor_words.js";
import { refresh } from "./refreshing.js";

const LATEST = 20;
const FIGURES = {
  rate_5xx: [gettext("Server errors (5xx)"), share],
  rate_4xx: [gettext("Refusals (4xx)"), share],
  p50_s: [gettext("Time to answer (P50)"), took],
  p90_s: [gettext("Time to answer (P90)"), took],
  p99_s: [gettext("Time to answer (P99)"), took],
  per_s: [gettext("Requests per second"), rate],
  disk_free_share: [gettext("Free on the disk"), share],
  workers: [gettext("Workers"), number],
  oldest_job_s: [gettext("The oldest job has been due for"), duration],
  jobs_waiting: [gettext("Jobs that wait"), number],
};
const WELL_ABOVE = new Set(["disk_free_share", "workers"]);

export class MonitorAlerts {
  #place;
  #firing;
  #announced = null;

  /** @param {HTMLElement} place @param {HTMLElement} firing for what is not well now */
  constructor(place, firing) {
    this.#place = place;
    this.#firing = firing;
  }

  async ask(options) {
    const [alerts, rules] = await Promise.all([
      get(`/api/monitoring/alerts/?limit=${LATEST}`, options),
      get("/api/monitoring/rules/?limit=1000", options),
    ]);
    return { alerts: alerts.results, rules: rules.results };
  }

  show({ alerts, rules }) {
    const open = alerts.filter(({ is_open: isOpen }) => isOpen);
    refresh(this.#firing, open.map((alert) => this.#note(alert)));
    refresh(this.#place, [history(alerts), watched(rules)].flat());
    this.#announce(open);
  }

  #announce(open) {
    const words = open.map(sentence).join(" ");
    if (words === this.#announced) return;
    if (words || this.#announced) announce(words || gettext("No alert fires any more."));
    this.#announced = words;
  }

  #note(alert) {
    const facts = element("p", {}, element("strong", {}, sentence(alert)), " ", element("span", { class: "muted" }, timeView(alert.fired_at)));
    const known = alert.acknowledged_at && element("span", { class: "muted" }, gettext("acknowledged by {name}", { name: alert.acknowledged_by }));
    const acknowledge = known || button(gettext("Acknowledge"), (event) => this.#acknowledge(alert, event.target), { class: "quiet small", "data-key": `acknowledge ${alert.id}` });
    return element("div", { class: `note ${known ? "warn" : "bad"}`, tabindex: "-1", "data-key": `alert ${alert.id}` }, element("div", { class: "alert-facts" }, facts, acknowledge));
  }

  async #acknowledge(alert, pressed) {
    pressed.disabled = true;
    try {
      const changed = await post(`/api/monitoring/alerts/${alert.id}/acknowledge/`);
      const note = this.#note(changed);
      pressed.closest(".note").replaceWith(note);
      note.focus();
    } catch (problem) {
      pressed.replaceWith(element("span", { role: "alert" }, problem.message));
    }
  }
}

function wordsOf(figure) {
  return FIGURES[figure] ?? [figure, rate];
}

function where({ figure, route }) {
  const [words] = wordsOf(figure);
  return route ? gettext("{figure} of {route}", { figure: words, route }) : words;
}

function sentence(alert) {
  const [, shown] = wordsOf(alert.figure);
  const values = { what: where(alert), value: shown(alert.value), threshold: shown(alert.threshold) };
  return WELL_ABOVE.has(alert.figure) ? gettext("{what}: {value}, less than {threshold}.", values) : gettext("{what}: {value}, more than {threshold}.", values);
}

function history(alerts) {
  if (!alerts.length) return emptyView(gettext("No alert has fired yet."));
  const rows = alerts.map((alert) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, sentence(alert)),
      element("td", {}, element("span", { class: `state ${alert.is_open ? "failed" : "succeeded"}` }, alert.is_open ? gettext("fires") : gettext("resolved"))),
      element("td", {}, timeView(alert.fired_at)),
      element("td", {}, alert.resolved_at ? timeView(alert.resolved_at) : null),
      element("td", {}, alert.acknowledged_by),
    ),
  );
  const headers = [gettext("Alert"), gettext("State"), gettext("Fired"), gettext("Resolved"), gettext("Acknowledged by")];
  return scrollBox(gettext("Alerts"), table(headers, rows));
}

function watched(rules) {
  const rows = rules.map((rule) => {
    const [, shown] = wordsOf(rule.figure);
    const threshold = shown(rule.threshold);
    const beyond = WELL_ABOVE.has(rule.figure) ? gettext("less than {threshold}", { threshold }) : gettext("more than {threshold}", { threshold });
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, where(rule)),
      element("td", {}, beyond),
      element("td", {}, rule.for_s ? duration(rule.for_s) : gettext("at once")),
      element("td", {}, rule.is_on ? gettext("on") : gettext("off")),
      element("td", {}, element("a", { href: `/admin/monitoring/alertrule/${rule.id}/change/`, "data-key": `rule ${rule.id}` }, gettext("Change"))),
    );
  });
  const headers = [gettext("What is watched"), gettext("Fires at"), gettext("For"), gettext("State"), gettext("In the admin")];
  const add = element("p", { class: "small" }, link("/admin/monitoring/alertrule/add/", gettext("Watch another figure")));
  if (!rows.length) return [emptyView(gettext("Nothing is watched.")), add];
  return [element("h3", {}, gettext("What is watched")), scrollBox(gettext("What is watched"), table(headers, rows)), add];
}
