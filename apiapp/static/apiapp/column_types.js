/** The types a column can have, in words. */

import { gettext } from "./i18n.js";

export const TYPES = {
  text: gettext("text"),
  integer: gettext("integer"),
  decimal: gettext("decimal"),
  float: gettext("float"),
  boolean: gettext("yes or no"),
  date: gettext("date"),
  timestamp: gettext("date and time"),
  uuid: gettext("UUID"),
  json: gettext("JSON"),
};

/** Shown at the right, so that figures stand under one another. */
export const NUMERIC = new Set(["integer", "decimal", "float"]);
