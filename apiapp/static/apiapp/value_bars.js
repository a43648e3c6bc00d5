/** The frequent values of a column as a table whose rows have bars: a look and the figures in one. */

import { element } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext } from "../site/i18n.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {{points: {at: any, count: number, value: number | null}[], measure: string, label: string}} chart
 * @param {{what: string, title: string, shown: (value: any) => string}} words
 */
export function valueBars({ points, measure, label }, { what, title, shown }) {
  const most = Math.max(...points.map(({ value }) => Math.abs(value ?? 0))) || 1;
  const isCount = measure === "count";
  const rows = points.map(({ at, count, value }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, shown(at)),
      element("td", { class: "number" }, value === null ? "–" : shown(value)),
      element("td", { class: "drawn" }, bar((value ?? 0) / most)),
      isCount ? null : element("td", { class: "number" }, number(count)),
    ),
  );
  const headers = [[label], [what, "number"], ["", "drawn"], ...(isCount ? [] : [[gettext("Rows"), "number"]])];
  const head = headers.map(([words, kind]) => element(words ? "th" : "td", { scope: words && "col", class: kind }, words));
  return element(
    "table",
    { class: "value-bars", "aria-label": title },
    element("thead", {}, element("tr", {}, head)),
    element("tbody", {}, rows),
  );
}

/** @param {number} ratio -1 to 1; what is not nothing can be seen */
function bar(ratio) {
  const drawn = document.createElementNS(SVG, "svg");
  const filled = document.createElementNS(SVG, "rect");
  drawn.setAttribute("aria-hidden", "true");
  const width = ratio && Math.max(Math.abs(ratio) * 100, 0.5);
  filled.setAttribute("width", `${width}%`);
  filled.setAttribute("height", "100%");
  if (ratio < 0) filled.setAttribute("class", "negative");
  drawn.append(filled);
  return drawn;
}
