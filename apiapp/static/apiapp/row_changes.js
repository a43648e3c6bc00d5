/** What an import did to a table, or would do, in words and figures. */

import { ngettext } from "../site/i18n.js";

/** @param {ImportRecord} record @returns {string} nothing of what is none */
export function changesOf(record) {
  const {
    rows_inserted: inserted,
    rows_updated: updated,
    rows_deleted: deleted,
    rows_unchanged: same,
    rows_skipped: skipped,
    rows_refused: refused,
  } = record;
  const told = [
    inserted && ngettext("{count} row inserted", "{count} rows inserted", inserted),
    updated && ngettext("{count} row updated", "{count} rows updated", updated),
    deleted && ngettext("{count} row deleted", "{count} rows deleted", deleted),
    same && ngettext("{count} row the same", "{count} rows the same", same),
    skipped && ngettext("{count} row skipped", "{count} rows skipped", skipped),
    refused && ngettext("{count} row refused", "{count} rows refused", refused),
  ];
  return told.filter(Boolean).join(" · ");
}
