/** The kinds of refusals in words; as the server's check.py has them. */

import { gettext } from "../site/i18n.js";

const KINDS = {
  type: gettext("not of the column’s type"),
  required: gettext("empty, and a value is required"),
  unique: gettext("a value that is there already"),
  duplicate_row: gettext("the key of another row"),
  pattern: gettext("not as the pattern says"),
  range: gettext("too small or too large"),
  allowed: gettext("none of the allowed values"),
  reference: gettext("not in the other table"),
  missing_cell: gettext("too few cells in the row"),
  extra_cell: gettext("too many cells in the row"),
  broken_row: gettext("no row at all"),
  encoding: gettext("bytes that are no text"),
};

/** @param {string} kind */
export function kindWords(kind) {
  return KINDS[kind] ?? kind;
}
