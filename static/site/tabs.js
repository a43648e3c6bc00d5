/** Tabs as the ARIA Authoring Practices have them: arrows go from one to the next, Tab goes on. */

import { element } from "./elements.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * @param {string} label of them all
 * @param {Array<[string, HTMLElement]>} panels words of the tab, what it shows
 * @param {number} chosen which one is open
 * @param {(chosen: number) => void} onChoose
 */
export function tabs(label, panels, chosen, onChoose) {
  const buttons = panels.map(([words], at) =>
    element("button", { type: "button", role: "tab", id: `tab-${at}`, "aria-controls": `panel-${at}`, onclick: () => choose(at) }, words),
  );
  panels.forEach(([, panel], at) => {
    panel.id = `panel-${at}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab-${at}`);
  });

  function choose(at) {
    buttons.forEach((each, index) => {
      each.setAttribute("aria-selected", String(index === at));
      each.tabIndex = index === at ? 0 : -1;
      panels[index][1].hidden = index !== at;
    });
    onChoose(at);
  }

  function onkeydown(event) {
    const at = buttons.indexOf(event.target);
    const last = buttons.length - 1;
    const ends = { Home: 0, End: last };
    const next = ends[event.key] ?? (at + STEPS[event.key] + buttons.length) % buttons.length;
    if (Number.isNaN(next)) return;
    event.preventDefault();
    choose(next);
    buttons[next].focus();
  }

  choose(chosen);
  const list = element("div", { class: "tabs", role: "tablist", "aria-label": label, onkeydown }, buttons);
  return element("div", {}, list, panels.map(([, panel]) => panel));
}
