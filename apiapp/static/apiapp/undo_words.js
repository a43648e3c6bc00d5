/** Why an edit or an import cannot be taken back; server_words.js knows the same, and much else. */

import { gettext } from "../site/i18n.js";

const RULES = [
  [/^it was taken back$/, () => gettext("Taken back.")],
  [/^the same rows were changed again since: (.+)$/, (rows) => gettext("The same rows were changed again since: {rows}.", { rows })],
  [/^an import has changed the table since$/, () => gettext("An import has changed the table since.")],
  [/^columns of the table were changed since$/, () => gettext("Columns of the table were changed since.")],
  [/^columns of the table were added or dropped since$/, () => gettext("Columns of the table were added or dropped since.")],
  [/^the rows of before were not kept/, () => gettext("The rows of before were not kept: it was too much, or long ago.")],
  [/^the rows of before this import are not kept/, () => gettext("The rows of before this import are not kept any more. It stays.")],
  [/^more than (.+) things happened since$/, (count) => gettext("More than {count} things happened since.", { count })],
  [/^import (\d+) came after it/, (number) => gettext("Import {number} came after this one. Undo that first.", { number })],
  [/^import (\d+) changed rows after it/, (number) => gettext("Import {number} changed rows after this one. Undo that first.", { number })],
  [/^rows were edited by hand since, and would be lost: (.+)$/, (rows) => gettext("Rows were edited by hand since, and the edits would be lost: {rows}.", { rows })],
];

/** @param {string} reason as the API says it */
export function whyNot(reason) {
  for (const [pattern, words] of RULES) {
    const found = pattern.exec(reason);
    if (found) return words(found[1]);
  }
  return reason;
}
