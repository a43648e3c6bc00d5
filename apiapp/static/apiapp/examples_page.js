/** The page /examples/: a request to send, the same as code, and its raw answer. */

import "../site/shell.js";
import { announce } from "../site/announcer.js";
import { copyTextOf } from "../site/clipboard.js";
import { button, element, link, scrollBox } from "../site/elements.js";
import { Answer } from "./examples_answer.js";
import { editor } from "./examples_editor.js";
import { draftOf } from "./examples_request.js";
import { curl, fetchCall, python } from "./examples_snippets.js";
import { gettext } from "../site/i18n.js";
import { tabs } from "../site/tabs.js";

const WAYS = [
  ["curl", curl],
  ["Python", python],
  ["fetch", fetchCall],
];

/** What the page leaves out of an example. */
const EMPTY = { query: [], headers: [], contentType: "", text: "", form: [], twin: "", comesInPieces: false };

/** @type {import("./examples_request.js").Example[]} */
const examples = JSON.parse(document.getElementById("examples").textContent).map((each) => ({ ...EMPTY, ...each }));
const place = document.getElementById("example");
const list = document.getElementById("example-list");
let chosenWay = 0; // kept from one example to the next
let answer = null;

/** @param {import("./examples_request.js").Example} example */
function show(example) {
  const draft = draftOf(example);
  const code = codeView(draft);
  const answerPlace = element("div", { class: "answer" });
  answer?.stop();
  answer = new Answer(answerPlace);
  answer.expect(example);
  const form = requestForm(example, { draft, answer, onEdit: code.refresh });
  place.replaceChildren(
    headOf(example),
    element("div", { class: "exchange" }, part(gettext("Request"), form), part(gettext("Answer"), answerPlace)),
    part(gettext("The same request as code"), code.view),
  );
}

function headOf({ method, title, twin }) {
  const heading = element("h2", { tabindex: "-1" }, methodMark(method), " ", title);
  if (!twin) return element("div", { class: "example-head" }, heading);
  const words = element("p", { class: "muted small" }, gettext("The same as production wants it:"), " ", link(twin, twin));
  return element("div", { class: "example-head" }, heading, words);
}

function methodMark(method) {
  return element("span", { class: `method ${method.toLowerCase()}` }, method);
}

function part(words, ...content) {
  return element("section", { class: "part", "aria-label": words }, element("h3", {}, words), content);
}

function requestForm(example, { draft, answer, onEdit }) {
  const send = element("button", { type: "submit" }, gettext("Send"));
  const reset = button(gettext("As it was"), () => show(example), { class: "quiet" });
  async function onsubmit(event) {
    event.preventDefault();
    await answer.send(draft);
  }
  return element("form", { onsubmit }, editor(draft, onEdit), element("p", { class: "actions" }, send, reset));
}

/** @returns {{ view: HTMLElement, refresh: () => void }} */
function codeView(draft) {
  const codes = WAYS.map(() => element("code"));
  const panels = WAYS.map(([words], at) => [words, codePanel(words, codes[at])]);
  const refresh = () => WAYS.forEach(([, write], at) => (codes[at].textContent = write(draft, location.origin)));
  const view = tabs(gettext("Language"), panels, chosenWay, (at) => (chosenWay = at));
  refresh();
  return { view, refresh };
}

function codePanel(words, code) {
  const copy = button(gettext("Copy"), copyIt, { class: "quiet small" });
  async function copyIt() {
    const said = (await copyTextOf(code)) ? gettext("Copied") : gettext("Selected: copy it by keyboard");
    copy.textContent = said;
    announce(said);
    setTimeout(() => (copy.textContent = gettext("Copy")), 2000);
  }
  return element("div", { class: "code" }, scrollBox(words, element("pre", {}, code)), copy);
}

function listItem({ name, method, title }) {
  return element("li", {}, element("a", { href: `#${name}` }, methodMark(method), " ", element("span", {}, title)));
}

/** The example that the address names, or the first. */
function showChosen() {
  const name = decodeURIComponent(location.hash.slice(1));
  const example = examples.find((each) => each.name === name) ?? examples[0];
  for (const each of list.querySelectorAll("a")) {
    const isChosen = each.hash === `#${example.name}`;
    if (isChosen) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
    if (isChosen) each.scrollIntoView({ block: "nearest" });
  }
  show(example);
}

list.append(...examples.map(listItem));
addEventListener("hashchange", () => {
  showChosen();
  place.querySelector("h2").focus();
});
showChosen();
