/** Sends a request of the page of examples, and shows the raw answer while it comes. */

import { announce } from "../site/announcer.js";
import { element, scrollBox } from "../site/elements.js";
import { fetchOptions, targetOf } from "./examples_request.js";
import * as figures from "../site/figures.js";
import { gettext, language } from "../site/i18n.js";

const milliseconds = new Intl.NumberFormat(language, { style: "unit", unit: "millisecond", maximumFractionDigits: 0 });
const seconds = new Intl.NumberFormat(language, { style: "unit", unit: "second", minimumFractionDigits: 1, maximumFractionDigits: 1 });

export class Answer {
  #place;
  #abort = null;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** What will come of the example as it stands. @param {import("./examples_request.js").Example} example */
  expect({ status, answerType, answer }) {
    this.stop();
    this.#place.replaceChildren(
      element("p", { class: "muted" }, gettext("Not sent yet. Unchanged, it is answered like this:")),
      pre(gettext("Expected answer"), `${status} ${answerType}\n\n${answer}`),
    );
  }

  /** End what is on its way. */
  stop() {
    this.#abort?.abort();
    this.#abort = null;
  }

  /** @param {import("./examples_request.js").Draft} draft @returns {Promise<void>} when it has ended */
  async send(draft) {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.#place.replaceChildren(element("p", { class: "muted" }, gettext("Waiting for the answer …")));
    const startedMs = performance.now();
    try {
      const response = await fetch(targetOf(draft), { ...fetchOptions(draft), signal: abort.signal });
      await this.#show(response, { startedMs, inPieces: draft.comesInPieces });
    } catch (error) {
      if (this.#abort === abort) this.#showEnd(error);
    }
    if (this.#abort === abort) this.#abort = null;
  }

  async #show(response, { startedMs, inPieces }) {
    const { status, statusText, ok, headers, body } = response;
    const words = `${status} ${statusText}`.trim();
    const took = element("span", { class: "muted" });
    const text = element("code");
    this.#place.replaceChildren(
      element("p", { class: "status-line" }, element("span", { class: `state ${ok ? "succeeded" : "failed"}` }, words), took),
      scrollBox(gettext("Body of the answer"), element("pre", {}, text)),
      pre(gettext("Headers of the answer"), [...headers].map((pair) => pair.join(": ")).join("\n")),
    );
    let size = 0;
    const decoder = new TextDecoder();
    for await (const piece of piecesOf(body)) {
      size += piece.length;
      const words = decoder.decode(piece, { stream: true });
      text.append(...(inPieces ? [timed(words, startedMs)] : [words]));
    }
    took.textContent = `${milliseconds.format(performance.now() - startedMs)} · ${figures.bytes(size)}`;
    announce(gettext("Answered: {words}", { words }));
  }

  #showEnd(error) {
    if (error.name === "AbortError") return;
    const words = gettext("No answer came. The server may be gone, or the browser does not send this request.");
    this.#place.replaceChildren(element("p", { class: "note bad", role: "alert" }, words));
  }
}

/** A reader, as not every browser lets one loop over a stream. */
async function* piecesOf(body) {
  const reader = body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader.read()) yield read.value;
}

/** A piece on a line of its own, with when it came. */
function timed(words, startedMs) {
  const at = seconds.format((performance.now() - startedMs) / 1000);
  return element("span", { class: "piece" }, element("span", { class: "muted" }, at), " ", words, "\n");
}

function pre(label, text) {
  return scrollBox(label, element("pre", {}, element("code", {}, text)));
}
