/** How the parts of this server are now: jobs, uploads, screens, databases, disk and workers. */

import { element } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { Rate } from "./rate.js";
import { rate, share, took } from "./monitor_words.js";
import { refresh } from "./refreshing.js";

/** The gauges by their names, and by one label. */
class Gauges {
  #all;

  constructor(gauges) {
    this.#all = gauges;
  }

  /** @returns {number | null} null: it is not told, as without its database */
  value(name, label = null) {
    const found = this.#all.find((each) => each.name === name && (label === null || Object.values(each.labels).includes(label)));
    return found ? found.value : null;
  }

  labelled(name) {
    return this.#all.filter((each) => each.name === name).map(({ labels, value }) => [Object.values(labels)[0], value]);
  }
}

export class MonitorNow {
  #place;
  #arriving = new Rate();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** @param {object[]} gauges as GET /api/monitoring/gauges/ answers */
  show(gauges) {
    const told = new Gauges(gauges);
    const cards = [this.#server(told), this.#jobs(told), this.#uploads(told), this.#screens(told)];
    refresh(this.#place, cards.map(([title, facts]) => card(title, facts)));
  }

  #server(told) {
    const databases = told.labelled("database_up");
    const silent = databases.filter(([, value]) => !value).map(([alias]) => alias);
    const [free, size] = [told.value("disk_free_bytes"), told.value("disk_size_bytes")];
    const workers = told.value("workers") ?? told.value("worker_up");
    return [
      gettext("Server"),
      [
        [gettext("Databases"), silent.length ? state("failed", gettext("no answer: {names}", { names: silent.join(", ") })) : state("succeeded", gettext("connected"))],
        [gettext("Workers"), workers ? state("succeeded", figures.number(workers)) : state("failed", gettext("none"))],
        [gettext("Disk, free"), gettext("{size} ({share})", { size: figures.bytes(free), share: share(free / size) })],
        ...told.labelled("cache_hit_ratio").map(([cache, ratio]) => [cacheWords(cache), share(ratio)]),
      ],
    ];
  }

  #jobs(told) {
    const [waiting, running, failed] = ["waiting", "running", "failed"].map((each) => told.value("jobs", each));
    const oldest = told.value("jobs_oldest_waiting_seconds");
    return [
      gettext("Jobs"),
      [
        [gettext("waiting"), shown(waiting)],
        [gettext("running"), shown(running)],
        [gettext("failed"), failed ? state("failed", shown(failed)) : shown(failed)],
        [gettext("oldest has been due for"), oldest ? figures.duration(oldest) : "–"],
      ],
    ];
  }

  #uploads(told) {
    const [open, received] = [told.value("uploads_open"), told.value("uploads_open_bytes")];
    if (received !== null) this.#arriving.add(received);
    const speed = open ? this.#arriving.bytesPerSecond : 0;
    return [
      gettext("Uploads"),
      [
        [gettext("not complete yet"), shown(open)],
        [gettext("has come of them"), received === null ? "–" : figures.bytes(received)],
        [gettext("coming now"), speed === null ? "–" : figures.bytesPerSecond(speed)],
      ],
    ];
  }

  #screens(told) {
    const latency = told.value("screen_latency_seconds");
    const sent = told.value("screen_bytes_per_second");
    return [
      gettext("Screens"),
      [
        [gettext("watched"), shown(told.value("screens_watched"))],
        [gettext("viewers"), shown(told.value("screen_viewers"))],
        [gettext("frames per second, to all"), rate(told.value("screen_frames_per_second"))],
        [gettext("sent to all"), sent === null ? "–" : figures.bytesPerSecond(sent)],
        latency !== null && [gettext("behind, on average"), took(latency)],
      ].filter(Boolean),
    ];
  }
}

/** @param {string} cache its name in the figures */
function cacheWords(cache) {
  const words = {
    keys: gettext("Keys found in memory"),
    schemas: gettext("Columns found in memory"),
    statistics: gettext("Statistics found in memory"),
  };
  return words[cache] ?? cache;
}

function shown(value) {
  return value === null ? "–" : figures.number(value);
}

function state(kind, words) {
  return element("span", { class: `state ${kind}` }, words);
}

function card(title, facts) {
  const pairs = facts.map(([words, value]) => element("div", {}, element("dt", {}, words), element("dd", {}, value)));
  return element("section", { class: "panel" }, element("h3", {}, title), element("dl", {}, pairs));
}
