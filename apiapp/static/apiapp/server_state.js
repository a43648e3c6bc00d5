/**
 * The strip of the home page: web server, worker, databases and disk, with what to do where one is
 * not well.  Read again every few seconds while somebody looks, and at once on coming back.
 */

import { announce } from "../site/announcer.js";
import { get } from "../site/api.js";
import { element, link } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";

const EVERY_MS = 5000;
const TOO_LONG_MS = 10_000;
const KINDS = { sqlite: "SQLite", postgresql: "PostgreSQL" };

/**
 * @typedef {object} Status as GET /api/status/ answers it
 * @property {{ alias: string, kind: string, answers: boolean }[]} databases
 * @property {{ is_there: boolean, seen_at: string | null }} worker
 * @property {{ has_room: boolean, free_bytes: number, total_bytes: number, reserved_bytes: number }} disk
 *
 * @typedef {object} Part
 * @property {"succeeded" | "failed" | "unknown"} state
 * @property {string} words
 * @property {string} detail
 * @property {Array<string | Node>} [advice] what to do about it
 */

export class ServerState {
  #place;
  #timer = 0;
  #isAsking = false;
  #said = "";

  /** @param {HTMLElement} place with a `[data-part]` for each part, and `.advice` */
  constructor(place) {
    this.#place = place;
    this.#timer = setInterval(() => this.look(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.look());
    addEventListener("online", () => this.look());
  }

  /** Ask now, unless nobody would see the answer. */
  async look() {
    if (document.hidden || this.#isAsking) return;
    this.#isAsking = true;
    try {
      const signal = AbortSignal.timeout(TOO_LONG_MS);
      this.#show(partsOf(await get("/api/status/", { signal })));
    } catch (problem) {
      this.#show(partsWithout(problem));
      if (problem.isSignedOut) clearInterval(this.#timer);
    }
    this.#isAsking = false;
  }

  /** @param {Record<string, Part>} parts */
  #show(parts) {
    for (const [name, part] of Object.entries(parts)) this.#showOne(name, part);
    const advice = Object.values(parts).flatMap((part) => (part.advice ? [part.advice] : []));
    this.#advise(advice.map((words) => element("li", {}, words)));
    this.#place.setAttribute("aria-busy", "false");
  }

  #showOne(name, { state, words, detail }) {
    const cell = this.#place.querySelector(`[data-part="${name}"] dd`);
    const next = [element("span", { class: `state ${state}` }, words), element("small", {}, detail)];
    cell.classList.remove("skeleton");
    if (!isSame([...cell.children], next)) cell.replaceChildren(...next);
  }

  #advise(items) {
    const list = this.#place.querySelector(".advice");
    const words = items.map((item) => item.textContent).join(" ");
    if (words === this.#said) return;
    announce(words || gettext("Everything on this server is well again."));
    list.replaceChildren(...items);
    list.hidden = !items.length;
    this.#said = words;
  }
}

function isSame(shown, next) {
  return shown.length === next.length && next.every((node, at) => node.isEqualNode(shown[at]));
}

/** @param {Status} status @returns {Record<string, Part>} */
function partsOf({ worker, databases, disk }) {
  const web = { state: "succeeded", words: gettext("running"), detail: location.host };
  return { web, worker: workerPart(worker), databases: databasesPart(databases), disk: diskPart(disk) };
}

function workerPart({ is_there: isThere, seen_at: seenAt }) {
  const when = seenAt && figures.when(seenAt);
  const detail = seenAt ? gettext("heard of {when}", { when }) : gettext("none has been heard of");
  if (isThere) return { state: "succeeded", words: gettext("running"), detail };
  const advice = [
    gettext("No worker is heard of. Files still arrive, but imports wait until one is back; nothing is lost."),
    " ",
    gettext("Start it with:"),
    " ",
    element("code", {}, "manage.py worker"),
  ];
  return { state: "failed", words: gettext("silent"), detail, advice };
}

function databasesPart(databases) {
  const kinds = [...new Set(databases.map(({ kind }) => KINDS[kind] ?? kind))].join(", ");
  const aliases = databases.map(({ alias }) => alias).join(", ");
  const detail = `${kinds}: ${aliases}`;
  const silent = databases.filter(({ answers }) => !answers).map(({ alias }) => alias);
  if (!silent.length) return { state: "succeeded", words: gettext("connected"), detail };
  const names = silent.join(", ");
  const words = gettext("no answer: {names}", { names });
  const advice = gettext("The database {names} does not answer. See that its server runs, or that its file can be opened.", { names });
  return { state: "failed", words, detail, advice };
}

function diskPart({ has_room: hasRoom, free_bytes: free, total_bytes: total, reserved_bytes: kept }) {
  const reserved = figures.bytes(kept);
  const words = gettext("{size} free", { size: figures.bytes(free) });
  const detail = gettext("of {total}; {reserved} stay free", { total: figures.bytes(total), reserved });
  if (hasRoom) return { state: "succeeded", words, detail };
  const advice = gettext("The disk is full: uploads always leave {reserved} free, so none is taken in now. Delete files or tables that nobody needs.", { reserved });
  return { state: "failed", words, detail, advice };
}

/** @param {Problem} problem @returns {Record<string, Part>} */
function partsWithout(problem) {
  const unknown = { state: "unknown", words: gettext("not known"), detail: gettext("until the server answers") };
  const words = problem.status === 0 ? gettext("no answer") : gettext("no state told");
  const web = { state: "failed", words, detail: location.host, advice: adviceOn(problem) };
  return { web, worker: unknown, databases: unknown, disk: unknown };
}

function adviceOn(problem) {
  if (problem.isSignedOut) return [problem.message, " ", link("/login/?next=/", gettext("Sign in"))];
  const again = [problem.message, " ", gettext("Trying again every few seconds.")];
  if (problem.status !== 0) return again;
  const start = [gettext("If it was stopped, start it with:"), " ", element("code", {}, "make run")];
  return [...again, " ", ...start];
}
