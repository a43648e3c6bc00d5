/** Builds elements.  Text goes in as text, so nothing a file contains is ever read as markup. */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [given] attributes; `on…` are listeners, false and null are
 *   left out, true is an empty attribute; `value` and `checked` are set as properties.
 * @param {...(Node | string | null | false | Array)} children
 */
export function element(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) setOne(made, name, value);
  made.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return made;
}

function setOne(made, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "selected") made[name] = value;
  else made.setAttribute(name, value === true ? "" : value);
}

/** An icon of static/icons.svg, hidden from screen readers: the words stand beside it. */
export function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const use = document.createElementNS(ns, "use");
  const sprite = document.querySelector(".brand use").getAttribute("href").split("#")[0];
  use.setAttribute("href", `${sprite}#${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A button that does not submit. */
export function button(label, onclick, given = {}) {
  return element("button", { type: "button", onclick, ...given }, label);
}

export function link(href, ...children) {
  return element("a", { href }, ...children);
}

let fieldCount = 0;

/** An input under its label.  Not inside it: a select would lend the label all its options. */
export function field(words, input) {
  fieldCount += 1;
  input.id = `field-${fieldCount}`;
  return element("div", { class: "field" }, element("label", { for: input.id }, words), input);
}

/** Words for screen readers alone. */
export function unseen(words) {
  return element("span", { class: "unseen" }, words);
}

/** A wide thing in a box that scrolls by itself and can be reached by keyboard. */
export function scrollBox(label, ...children) {
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    ...children,
  );
}
