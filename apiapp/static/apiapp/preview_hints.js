/** What stands alone in a column of a file, and what can be done about it. */

import { isolated } from "../site/bidi.js";
import { button, element } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { TYPES } from "./column_types.js";

/**
 * @param {{column: string, kind: string, type: string, value: string, count: number, sampled: number}} hint
 * @param {() => void} makeType gives the column the type of the hint
 */
export function hintView(hint, makeType) {
  const { kind, type } = hint;
  if (kind === "no_day") return element("p", { class: "note warn" }, dayWords(hint));
  const words = gettext("Make it “{type}” and refuse the rest", { type: TYPES[type] });
  return element("p", { class: "note" }, oddWords(hint), " ", button(words, makeType, { class: "quiet small" }));
}

function oddWords({ column, value, count, sampled }) {
  return ngettext(
    "{good} of {sampled} sampled cells of “{column}” are numbers; one says “{value}”.",
    "{good} of {sampled} sampled cells of “{column}” are numbers; {count} say “{value}”.",
    count,
    { good: number(sampled - count), sampled: number(sampled), column: isolated(column), value: isolated(value) },
  );
}

function dayWords({ column, value, count }) {
  return ngettext(
    "“{value}” in “{column}” is no day of the calendar: its row would be refused.",
    "{count} cells of “{column}” are no days of the calendar, “{value}” is one: their rows would be refused.",
    count,
    { column: isolated(column), value: isolated(value) },
  );
}
