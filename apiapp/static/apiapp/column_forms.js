/** How numbers and dates are written in a file, in words; as the server's local_forms.py has them. */

import { gettext } from "../site/i18n.js";

const NUMBERS = ["", ".,", ",.", ", ", ". ", ".'", ",'", ","];
const DATES = ["", "ymd", "dmy", "mdy"];

/** form -> words */
export const FORMS = {
  "": gettext("the plain form: 1234.56, 2025-12-31"),
  ".,": "1,234.56",
  ",.": "1.234,56",
  ", ": "1 234,56",
  ". ": "1 234.56",
  ".'": "1'234.56",
  ",'": "1'234,56",
  ",": "1234,56",
  ymd: gettext("year, month, day: 2025/12/31"),
  dmy: gettext("day, month, year: 31.12.2025"),
  mdy: gettext("month, day, year: 12/31/2025"),
};

/** Whose values have an order. */
export const ORDERED = new Set(["integer", "decimal", "float", "date", "timestamp"]);

/** The forms that a column of this type can have; none if it has but one. */
export function formsOf(type) {
  if (["integer", "decimal", "float"].includes(type)) return NUMBERS;
  return ["date", "timestamp"].includes(type) ? DATES : [];
}
