/** The page /jobs/: what runs in the background, live, and how what ran has ended. */

import "../site/shell.js";
import { announce } from "../site/announcer.js";
import { get, post } from "../site/api.js";
import { button, element, scrollBox, unseen } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { feed, hasEnded } from "./job_feed.js";
import { messageWords, progressWords, resultWords, taskWords } from "./job_words.js";
import { inWords } from "../site/server_words.js";
import { addRows, emptyView, errorView, named, showIn, stateChip, table, timeView } from "../site/states.js";

const PAGE = 50;

class JobsPage {
  #place = document.getElementById("jobs");
  #rows = new Map(); // job id -> its <tr>
  #list = null;

  constructor() {
    showIn(this.#place, () => this.#view());
    feed.addEventListener("jobs", ({ detail }) => this.#onNews(detail));
  }

  async #view() {
    const { results, next } = await get(`/api/jobs/?limit=${PAGE}`);
    this.#rows.clear();
    this.#list = null;
    if (!results.length) {
      const start = element("a", { class: "button", href: "/import/" }, gettext("Import a file"));
      return emptyView(gettext("No job yet. Importing a file makes one."), start);
    }
    const headers = [
      gettext("Job"),
      gettext("State"),
      gettext("Progress"),
      gettext("Begun"),
      unseen(gettext("What can be done")),
    ];
    const list = table(headers, results.map((job) => this.#rowFor(job)));
    list.classList.add("jobs");
    this.#list = list;
    return [scrollBox(gettext("Jobs"), list), ...this.#more(next)];
  }

  #more(next) {
    if (!next) return [];
    const add = async () => {
      try {
        const page = await get(next);
        addRows(this.#list, page.results.map((job) => this.#rowFor(job)));
        load.replaceWith(...this.#more(page.next));
      } catch (problem) {
        load.replaceWith(errorView(problem, add));
      }
    };
    const load = button(gettext("Show more"), add, { class: "quiet" });
    return [load];
  }

  #onNews(job) {
    if (!job) return;
    if (!this.#list) {
      if (this.#place.querySelector(".empty")) showIn(this.#place, () => this.#view());
      return;
    }
    const known = this.#rows.get(job.id);
    if (known) this.#refresh(known, job);
    else this.#list.tBodies[0].prepend(named(this.#rowFor(job), this.#list));
    if (known && hasEnded(job)) announce(`${taskWords(job)}: ${stateChip(job.state).textContent}`);
  }

  #rowFor(job) {
    const row = element("tr", {}, cellsFor(job, this.#buttons(job)));
    this.#rows.set(job.id, row);
    return row;
  }

  /** A button that had the focus gives it to the one in its place. */
  #refresh(row, job) {
    const hadFocus = row.contains(document.activeElement);
    row.replaceChildren(...cellsFor(job, this.#buttons(job)));
    named(row, this.#list);
    if (hadFocus) row.querySelector("button")?.focus();
  }

  #buttons(job) {
    const act = (verb) => (event) => this.#act(job, verb, event.target);
    const small = { class: "quiet small" };
    if (!hasEnded(job)) return button(gettext("Cancel"), act("cancel"), small);
    if (job.state === "succeeded") return null;
    return button(gettext("Run again"), act("retry"), small);
  }

  async #act(job, verb, pressed) {
    pressed.disabled = true;
    try {
      const changed = await post(`/api/jobs/${job.id}/${verb}/`);
      this.#refresh(this.#rows.get(job.id), changed);
      feed.follow(job.id, () => {});
    } catch (problem) {
      pressed.replaceWith(element("span", { role: "alert" }, problem.message));
    }
  }
}

function cellsFor(job, buttons) {
  const begun = job.started_at ?? job.created_at;
  return [
    element("th", { scope: "row" }, taskWords(job), element("span", { class: "muted" }, ` #${job.id}`)),
    element("td", {}, stateChip(job.state)),
    element("td", { class: "job-progress" }, progressOf(job)),
    element("td", {}, timeView(begun)),
    element("td", {}, buttons),
  ];
}

function progressOf(job) {
  const say = (kind, text) => element("span", { class: kind }, text);
  if (job.state === "queued") return say("muted", gettext("Waiting for its turn"));
  if (job.state === "failed") return say("job-error", inWords(job.error));
  if (hasEnded(job)) return say("muted", resultWords(job));
  const label = taskWords(job);
  const { done, total } = job;
  const words = [progressWords(job), messageWords(job)].filter(Boolean);
  return [
    element("progress", { "aria-label": label, max: total, value: total ? done : null }),
    element("span", { class: "muted" }, words.join(" · ")),
  ];
}

new JobsPage();
