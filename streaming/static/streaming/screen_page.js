/** The page of one screen: the picture, what can be done with it, and how it stands. */

import "../site/shell.js";
import { announce } from "../site/announcer.js";
import { button, element, link } from "../site/elements.js";
import { allWords, gettext, ngettext } from "../site/i18n.js";
import { onKey } from "../site/keys.js";
import { codecWords } from "./codec_words.js";
import { followGestures } from "./gestures.js";
import { Ladder, impossibleHere } from "./ladder.js";
import { Stage } from "./stage.js";
import { Viewer } from "./viewer.js";
import { mayTryAgain, shortWords, wordsInstead, wordsOver } from "./viewer_words.js";

const SILENT_STATES = new Set(["connecting", "slow"]); // they come and go: not said to screen readers
const PRESENTED = new Set(["live", "slow", "stale", "paused", "held"]);
const PANNING = "← ↑ → ↓";

const percents = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
const at = (id) => document.getElementById(id);
const main = at("main");
const { name } = main.dataset;
const canvas = at("canvas");
const viewport = at("viewport");

const stage = new Stage(viewport, at("picture"));
const viewer = new Viewer({ name, canvas, image: at("image"), ladder: new Ladder(await impossibleHere()) });
let statistics = null; // fetched, as the small window is, when somebody wants it
let smallWindow = null;

/** button -> [what it does, key, words of the key] */
const ACTIONS = {
  pause: [() => (viewer.state === "paused" ? viewer.resume() : viewer.pause()), "k", gettext("Pause, or go on")],
  fit: [() => stage.fit(), "0", gettext("Show the whole picture")],
  actual: [() => stage.actual(), "1", gettext("Show it pixel for pixel")],
  closer: [() => stage.zoomBy(1), "+", gettext("Closer")],
  farther: [() => stage.zoomBy(-1), "-", gettext("Farther")],
  snapshot: [snapshot, "s", gettext("Save the picture as a file")],
  small: [toggleSmall, "p", gettext("Picture in picture")],
  full: [toggleFull, "f", gettext("Full screen")],
  statistics: [toggleStatistics, "i", gettext("Statistics")],
};

for (const [action, [act, key, words]] of Object.entries(ACTIONS)) {
  toolOf(action).addEventListener("click", act);
  onKey(key, words, () => !toolOf(action).disabled && act());
}
onKey(PANNING, gettext("Move an enlarged picture that has the focus"), () => {});
toolOf("small").hidden = !document.pictureInPictureEnabled;
toolOf("full").hidden = !document.fullscreenEnabled;
followGestures(viewport, stage);

let said = "";
let noted = "";
viewer.addEventListener("change", show);
viewer.addEventListener("picture", showPicture);
stage.addEventListener("change", showButtons);
document.addEventListener("fullscreenchange", showButtons);
setInterval(() => smallWindow?.draw(wordsOver(viewer)), 250); // of an <img> nobody tells
show();

function toolOf(action) {
  return document.querySelector(`[data-action=${action}]`);
}

function showPicture() {
  canvas.dataset.frames = viewer.pictures;
  stage.setSize(viewer.size);
  smallWindow?.draw("");
}

function show() {
  const { state, codec } = viewer;
  Object.assign(canvas.dataset, { state, codec, tier: viewer.tier });
  main.dataset.state = state;
  stage.setSize(viewer.size);
  showState(state);
  showNotes();
  showPeople();
  showNote(viewer.note);
  showButtons();
  say(state);
}

function showState(state) {
  const [words, look] = shortWords(state);
  fill(at("screen-state"), words);
  at("screen-state").className = `state ${look}`;
  fill(at("screen-codec"), viewer.hasPicture ? codecWords(viewer.codec) : "");
  at("screen-codec").title = viewer.why;
}

function showNotes() {
  const over = wordsOver(viewer);
  at("over").hidden = !over;
  fill(at("over"), over);
  const instead = wordsInstead(viewer);
  at("instead").hidden = !instead;
  if (!instead) return;
  const key = JSON.stringify([viewer.state, viewer.detail]);
  if (at("instead").dataset.shown === key) return; // or a button would lose the focus
  at("instead").dataset.shown = key;
  const [happened, next] = instead;
  const hint = element("p", { class: "drop-hint" }, next);
  at("instead").replaceChildren(
    element("p", { class: "drop-call" }, happened),
    hint,
    element("p", { class: "actions" }, ...waysOn(viewer.state)),
  );
  if (hasReason(viewer)) showReason(hint, viewer.detail);
}

/** The server's own sentence says more than ours only where something is missing. */
function hasReason({ state, detail }) {
  return Boolean(detail) && ["unavailable", "full", "ended"].includes(state);
}

async function showReason(place, detail) {
  const { forReaders } = await import("../site/api.js");
  fill(place, await forReaders(detail));
}

function waysOn(state) {
  const ways = [];
  if (state === "signed-out") ways.push(link(`/login/?next=${encodeURIComponent(location.pathname)}`, gettext("Sign in")));
  if (mayTryAgain(state)) ways.push(button(gettext("Try again"), () => viewer.again(), { class: "quiet" }));
  return ways;
}

async function showNote(note) {
  if (note === noted) return;
  noted = note;
  const { forReaders } = await import("../site/api.js");
  at("screen-note").textContent = `${gettext("You see a test pattern, as there is nothing else to show.")} ${await forReaders(note)}`;
  at("screen-note").hidden = false;
}

function showPeople() {
  const { viewers, presenter } = viewer;
  const isPresented = presenter && PRESENTED.has(viewer.state);
  fill(at("screen-presenter"), isPresented ? gettext("{name} presents", { name: presenter }) : "");
  fill(at("screen-viewers"), viewers === null ? "" : ngettext("{count} person watches", "{count} people watch", viewers));
}

function showButtons() {
  const isPaused = viewer.state === "paused";
  press("pause", isPaused);
  const sign = toolOf("pause").querySelector("use");
  sign.setAttribute("href", sign.getAttribute("href").replace(/#.*/, isPaused ? "#play" : "#pause"));
  fill(toolOf("pause").querySelector(".words"), isPaused ? gettext("Go on") : gettext("Pause"));
  press("fit", stage.mode === "fit");
  press("actual", stage.mode === "actual");
  press("statistics", !at("statistics").hidden);
  press("full", Boolean(document.fullscreenElement));
  press("small", Boolean(smallWindow?.isOpen));
  for (const action of ["pause", "snapshot", "small"]) toolOf(action).disabled = !viewer.hasPicture;
  fill(at("zoom"), viewer.hasPicture ? percents.format(stage.zoom) : "");
}

function press(action, isPressed) {
  toolOf(action).setAttribute("aria-pressed", isPressed);
}

function fill(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** Turns alone, not every figure. */
function say(state) {
  if (state === said || SILENT_STATES.has(state)) return;
  if (said || state !== "live") announce(wordsInstead(viewer)?.[0] ?? shortWords(state)[0]);
  said = state;
}

async function snapshot() {
  const { saveSnapshot } = await import("./snapshot.js");
  const file = await saveSnapshot(viewer.picture, viewer.size, name);
  announce(gettext("Saved as {file}", { file }));
}

async function toggleStatistics() {
  await allWords();
  const { Statistics } = await import("./statistics.js");
  statistics ??= new Statistics(at("statistics"), viewer);
  statistics.toggle();
  showButtons();
}

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else main.requestFullscreen();
}

async function toggleSmall() {
  try {
    const { SmallWindow } = await import("./small_window.js");
    smallWindow ??= new SmallWindow(() => viewer.picture, showButtons);
    await smallWindow.toggle();
  } catch (error) {
    announce(gettext("The browser does not open the small window: {why}", { why: error.message }));
  }
}
