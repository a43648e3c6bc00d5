/** Which refused cells are shown: all, or those of one column and kind, with their counts. */

import { element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { refusalLine } from "./import_difference.js";

/**
 * @param {{column: string, kind: string, count: number}[]} cells as the summary of an import has them
 * @param {(asked: Record<string, string>) => void} onChange with parameters for what is asked
 * @returns {HTMLElement | null} none where there is nothing to choose
 */
export function refusalFilter(cells, onChange) {
  if (cells.length < 2) return null;
  const all = element("option", { value: "" }, gettext("all that was refused"));
  const options = cells.map((each, at) => element("option", { value: String(at) }, refusalLine(each)));
  const onchange = ({ target }) => onChange(target.value ? parameters(cells[Number(target.value)]) : {});
  return element("select", { class: "refusal-filter", "aria-label": gettext("Which refused rows"), onchange }, all, options);
}

/** A row as a whole has no column. */
function parameters({ column, kind }) {
  return column ? { column, kind } : { kind };
}
