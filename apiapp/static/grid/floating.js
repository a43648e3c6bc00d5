/** A small window at the thing it belongs to: closed by Escape and by a click elsewhere. */

import { element } from "../site/elements.js";

const GAP_PX = 4;

/**
 * @param {Element} anchor what it stands under, and what has the focus again afterwards
 * @param {string} label what it is
 * @param {...Node} children
 * @returns {HTMLElement} call its hidePopover() to close it
 */
export function floating(anchor, label, ...children) {
  const box = element("div", { popover: "auto", class: "floating", role: "dialog", "aria-label": label }, ...children);
  document.body.append(box);
  box.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    const hadFocus = box.contains(document.activeElement) || document.activeElement === document.body;
    box.remove();
    if (hadFocus) anchor.focus?.({ preventScroll: true });
  });
  box.showPopover();
  placeAt(box, anchor);
  box.querySelector("input:not([type=hidden]), select, textarea, button")?.focus();
  return box;
}

function placeAt(box, anchor) {
  const at = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(GAP_PX, Math.min(at.left, innerWidth - width - GAP_PX));
  const isRoomBelow = at.bottom + GAP_PX + height < innerHeight;
  const top = isRoomBelow ? at.bottom + GAP_PX : Math.max(GAP_PX, at.top - GAP_PX - height);
  box.style.left = `${left}px`;
  box.style.top = `${Math.min(top, Math.max(GAP_PX, innerHeight - height - GAP_PX))}px`;
}

/**
 * Items of which one is chosen, by arrow keys too (WAI-ARIA's menu).
 *
 * @param {Element} anchor
 * @param {string} label
 * @param {(false | null | {words: string, act: () => void, hint?: string} | "line")[]} items false and null are left out
 */
export function menuAt(anchor, label, items) {
  const shown = items.filter(Boolean);
  const entries = shown.map((item) => (item === "line" ? element("hr", { role: "separator" }) : entry(item)));
  const list = element("div", { role: "menu", "aria-label": label, class: "menu-items" }, entries);
  const box = floating(anchor, label, list);
  box.removeAttribute("role");
  box.removeAttribute("aria-label");
  list.addEventListener("keydown", (event) => walk(event, list));
  list.addEventListener("click", (event) => {
    const chosen = shown[entries.indexOf(event.target.closest("button"))];
    if (!chosen) return;
    box.hidePopover();
    chosen.act();
  });
  return box;
}

function entry({ words, hint }) {
  return element("button", { type: "button", role: "menuitem", tabindex: "-1" }, words, hint ? element("small", {}, hint) : null);
}

function walk(event, list) {
  const all = [...list.querySelectorAll("button")];
  const at = all.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  all.at(next % all.length).focus();
}
