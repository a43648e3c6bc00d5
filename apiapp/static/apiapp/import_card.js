/** Shows one ImportItem: its one bar, the phase in words, figures, and what can be done now. */

import { announce } from "../site/announcer.js";
import { button, element, icon } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { messageWords, progressWords } from "./job_words.js";
import { resultView } from "./import_result.js";
import { PreviewForm } from "./preview_form.js";

const SILENT_MS = 10_000;

/** The steps under the bar, each with the phases it stands for. */
const STEPS = [
  [gettext("Verify"), ["verifying"]],
  [gettext("Your check"), ["reading", "checking"]],
  [gettext("Load"), ["loading"]],
  [gettext("Table"), ["done"]],
];

export class ImportCard {
  #item;
  #bar = element("progress", { max: "1000", value: 0 });
  #words = element("p", { class: "card-words" });
  #figures = element("p", { class: "card-figures" });
  #steps = STEPS.map(([label]) => element("li", {}, label));
  #actions = element("div", { class: "actions" });
  #body = element("div", { class: "card-body" });
  #mood = ""; // what the buttons were built for
  #isDrawing = false;

  /**
   * @param {ImportItem} item
   * @param {{ onDismiss: () => void }} page
   */
  constructor(item, { onDismiss }) {
    this.#item = item;
    this.onDismiss = onDismiss;
    this.root = this.#build();
    item.addEventListener("phase", () => this.#enterPhase());
    item.addEventListener("change", () => this.#drawSoon());
    this.#enterPhase();
    this.draw();
  }

  #build() {
    const { name, size } = this.#item;
    const titleId = `card-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    this.#bar.setAttribute("aria-labelledby", titleId);
    return element(
      "article",
      { class: "panel card", "aria-labelledby": titleId, tabindex: "-1" },
      element(
        "header",
        { class: "card-head" },
        icon("file"),
        element("h2", { id: titleId }, name),
        size ? element("span", { class: "muted small" }, figures.bytes(size)) : null,
        this.#actions,
      ),
      this.#bar,
      element("ol", { class: "steps" }, this.#steps),
      element("div", { class: "card-line" }, this.#words, this.#figures),
      this.#body,
    );
  }

  /** At most once a frame, however often figures change. */
  #drawSoon() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.draw();
    });
  }

  /** Also called once a second while something runs: waits and silences are counted. */
  draw() {
    const item = this.#item;
    this.#bar.value = Math.round(item.ratio * 1000);
    this.#words.textContent = this.#silence() || wordsFor(item);
    this.#figures.textContent = figuresFor(item);
    this.#drawActions();
  }

  #silence() {
    const { lastNewsMs } = this.#item;
    if (lastNewsMs === null) return "";
    const silentMs = performance.now() - lastNewsMs;
    if (silentMs < SILENT_MS) return "";
    const time = figures.duration(silentMs / 1000);
    return gettext("No news from the server for {time}. The work goes on there; asking again.", { time });
  }

  #enterPhase() {
    const { phase, problem } = this.#item;
    this.root.dataset.phase = phase;
    STEPS.forEach(([, phases], index) => {
      this.#steps[index].toggleAttribute("aria-current", phases.includes(phase));
    });
    const hadFocus = this.root.contains(document.activeElement);
    this.#body.replaceChildren(...this.#bodyFor(phase, problem));
    if (hadFocus) this.#focusOn(phase);
    announce(`${this.#item.name}: ${problem?.message ?? wordsFor(this.#item)}`);
  }

  #bodyFor(phase, problem) {
    if (phase === "failed") return [element("p", { class: "note bad" }, problem.message)];
    if (phase === "checking") return [new PreviewForm(this.#item).root];
    if (phase === "done") return [resultView(this.#item)];
    return [];
  }

  /** Whoever works on this card goes on with what comes next, and never lands on “Cancel”. */
  #focusOn(phase) {
    const next = { checking: "input:not([type=radio])", done: "a" }[phase];
    (this.#body.querySelector(next ?? "form") ?? this.root).focus({ preventScroll: true });
  }

  #drawActions() {
    const { phase, retryAtMs } = this.#item;
    const mood = `${phase} ${retryAtMs !== null}`;
    if (mood === this.#mood) return;
    this.#mood = mood;
    const hadFocus = this.#actions.contains(document.activeElement);
    const buttons = this.#buttonsFor(phase);
    this.#actions.replaceChildren(...buttons);
    if (hadFocus) (buttons.length > 1 ? buttons[0] : this.root).focus();
  }

  #buttonsFor(phase) {
    const item = this.#item;
    const small = { class: "quiet small" };
    const cancel = button(gettext("Cancel"), () => this.#cancel(), small);
    const dismiss = button(gettext("Dismiss"), () => this.onDismiss(), small);
    if (phase === "done" || phase === "cancelled") return [dismiss];
    if (phase === "failed") {
      const again = button(gettext("Try again"), () => item.tryAgain(), small);
      return item.canTryAgain ? [again, this.#discard()] : [this.#discard()];
    }
    if (item.retryAtMs !== null) {
      return [button(gettext("Try now"), () => item.tryAgain(), small), cancel];
    }
    return [cancel];
  }

  #discard() {
    return button(gettext("Discard"), () => this.#cancel(), { class: "quiet small" });
  }

  async #cancel() {
    try {
      await this.#item.cancel();
    } catch (problem) {
      this.#say(problem.message);
      return;
    }
    if (this.#item.phase === "cancelled") this.onDismiss();
  }

  #say(sentence) {
    this.#body.replaceChildren(element("p", { class: "note bad", role: "alert" }, sentence));
  }
}

function wordsFor(item) {
  const { phase, job, retryAtMs } = item;
  if (retryAtMs !== null) return waitingWords(item.problem, retryAtMs);
  if (phase === "loading" && job?.state === "queued") return gettext("Waiting for a free worker");
  return {
    verifying: gettext("Verifying that every byte arrived"),
    reading: gettext("Reading the beginning of the file"),
    checking: gettext("Check the columns, then import."),
    loading: (job && messageWords(job)) || gettext("Loading the rows into the table"),
    done: gettext("Finished"),
    failed: "",
    cancelled: gettext("Cancelled; nothing of it was kept."),
  }[phase];
}

function waitingWords(problem, retryAtMs) {
  const time = figures.duration(Math.max(0, retryAtMs - performance.now()) / 1000);
  return gettext("{why} Trying again in {time}.", { why: problem.message, time });
}

function figuresFor(item) {
  if (item.phase === "verifying" && item.job) return ofTotal(item.job.done, item.size);
  if (item.phase === "loading" && item.job) return progressWords(item.job);
  return "";
}

function ofTotal(done, total) {
  return gettext("{done} of {total}", { done: figures.bytes(done), total: figures.bytes(total) });
}
