/** Keys of the page: single letters while nothing is being typed, and `?` to show them all. */

import { button, element } from "./elements.js";
import { gettext } from "./i18n.js";

const keys = new Map(); // key -> {words, action}

/** @param {string} key one character @param {string} words what it does */
export function onKey(key, words, action) {
  keys.set(key, { words, action });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const found = keys.get(event.key);
  if (!found || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  found.action();
});

function isTyping(target) {
  return target.closest?.("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]");
}

function showKeys() {
  const list = element(
    "dl",
    { class: "keys-list" },
    [...keys].map(([key, { words }]) => [
      element("dt", {}, element("kbd", {}, key)),
      element("dd", {}, words),
    ]),
  );
  const close = button(gettext("Close"), () => dialog.close(), { class: "quiet" });
  const title = element("h2", { id: "keys-title" }, gettext("Keys on this page"));
  const dialog = element(
    "dialog",
    { "aria-labelledby": "keys-title", onclose: () => dialog.remove() },
    element("article", {}, title, list, close),
  );
  document.body.append(dialog);
  dialog.showModal();
}

onKey("?", gettext("Show the keys"), showKeys);
