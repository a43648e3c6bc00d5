/** The types a column can have, in words. */

import { gettext } from "../site/i18n.js";

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

/** No chart draws them. */
export const UNCHARTED = new Set(["json"]);

/**
 * @typedef {object} ColumnSpec
 * @property {string} name in the database and in JSON
 * @property {string} label for people
 * @property {string} [written] on the page of a dataset: the label as it was given
 * @property {string} type one of column_types.js
 *
 * @typedef {object} Dataset
 * @property {string} slug
 * @property {string} title
 * @property {number} row_count
 * @property {ColumnSpec[]} columns
 * @property {string[]} key names of the columns that tell its rows apart
 *
 * @typedef {object} ImportRecord
 * @property {number} id
 * @property {number} job_id
 * @property {string | null} dataset its slug
 * @property {string} dataset_title
 * @property {string} filename
 * @property {string} state as of a job, "undone", or "checked" of a dry run
 * @property {number} rows_loaded
 * @property {number} rows_refused
 * @property {number} rows_inserted
 * @property {number} rows_updated
 * @property {number} rows_unchanged
 * @property {number} rows_skipped
 * @property {number} rows_deleted
 */
