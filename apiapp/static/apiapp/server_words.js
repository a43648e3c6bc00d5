/**
 * What the server says, in the page's language and with what to do about it.
 *
 * The API, the workers and the refused rows speak plain English, for programs too.  Here each of
 * their sentences stands with the one a person reads; one that is missing is shown as it came.
 */

import { gettext } from "./i18n.js";

/** The server's sentence -> ours.  `{name}` stands for any text and is carried over. */
const SENTENCES = {
  // --- the file
  "the file is empty": gettext("The file is empty. Choose one with rows in it."),
  "the file has a header but no rows": gettext("The file has a header but no rows below it. Choose one with rows in it."),
  "this is not a text file: {found}": gettext("This is not a text file ({found}), whatever its name says. Save it as CSV and choose that."),
  "it is a zip archive, as Excel's xlsx is": gettext("it is a zip archive, as Excel’s xlsx is"),
  "it is an old Excel or Word file": gettext("it is an old Excel or Word file"),
  "it is compressed with {program}": gettext("it is compressed with {program}"),
  "it is a PDF": gettext("it is a PDF"),
  "it is a {format} picture": gettext("it is a {format} picture"),
  "byte {at} is 0": gettext("byte {at} is 0"),
  "the mark of {encoding}": gettext("the mark of {encoding}"),
  "the file is not UTF-8: {found} at byte {byte}; save it as UTF-8 and try again": gettext("The file is not in UTF-8: {found} at byte {byte}. Save it as “CSV UTF-8” and choose that."),
  "row {row} is longer than {limit} bytes: the line ends may be missing, or a quote is opened and never closed": gettext("Row {row} is longer than {limit} bytes: line ends may be missing, or a quote is opened and never closed."),
  "the first line is longer than {limit} bytes: the line ends may be missing, or a quote is opened and never closed": gettext("The first line is longer than {limit} bytes: line ends may be missing, or a quote is opened and never closed."),
  "a cell of row {row} is longer than {limit} characters: a quote may be opened there and never closed": gettext("A cell of row {row} is longer than {limit} characters: a quote may be opened there and never closed."),
  "a quote opened in row {row} is never closed": gettext("A quote opened in row {row} is never closed. Correct it and choose the file again."),
  "the file has {columns} columns; a table can have {limit} here": gettext("The file has {columns} columns; a table can have {limit} here."),
  "a row has too much in too many columns for the database to hold it": gettext("A row has too much in too many columns for the database to hold it."),
  "the file is not there any more: upload it again": gettext("The file is not on the server any more. Upload it again."),
  "bytes of this upload are gone from the disk; send it again": gettext("Bytes of this file are gone from the server’s disk. Discard it and upload it again."),

  // --- the table
  "the dataset's name needs a letter or a digit": gettext("The name of the table needs a letter or a digit."),
  "the dataset {slug} exists: append to it, or choose another name": gettext("There is a table of this name. Choose another name, or add to that table."),
  "job {job} is importing into {slug}: wait for its end or cancel it": gettext("Another import into this table is running (job {job}). Wait until it has ended, or cancel it."),
  "there is no dataset {name}": gettext("There is no table {name} any more."),
  "two columns would be called {name}": gettext("Two columns would be called {name}. Give one of them another name."),
  "two columns of the file go to {name}": gettext("Two columns of the file go to {name}. Choose another for one of them."),
  "the file lacks the column {name}": gettext("The table needs the column {name}, which the file does not have."),
  "{label} has no letter or digit to name a column by": gettext("{label} has no letter or digit to name a column by."),

  // --- the upload
  "{size} bytes are more than the {limit} a file may have": gettext("The file is larger than a file may be here ({limit} bytes)."),
  "{size} bytes do not fit: your files have {used} of {quota} bytes": gettext("The file does not fit: your files take {used} of {quota} bytes. Delete some you no longer need."),
  "the server's disk is full; nothing of this was stored": gettext("The server’s disk is full. What had arrived is kept; make room there, then try again."),
  "there is no such upload": gettext("The server knows nothing of this upload any more: it has expired or was deleted. Discard it and choose the file again."),
  "{count} chunks have not arrived yet": gettext("{count} parts of the file have not arrived yet. Try again."),
  "the file has {got} bytes, not {expected}": gettext("The file arrived with {got} bytes instead of {expected}. Try again."),

  // --- warnings of the preview
  "Columns without a name are called {names}.": gettext("Columns without a name are called {names}."),
  "Several columns are called {names}.": gettext("Several columns are called {names}; the later ones get a number."),
  "{refused} of the first {checked} rows would be refused; row {row}: {reason}": gettext("{refused} of the first {checked} rows would be refused. Row {row}: {reason}"),

  // --- refused cells
  "The row has 1 cell where {expected} are expected.": gettext("The row has 1 cell where {expected} are expected."),
  "The row has {got} cells where {expected} are expected.": gettext("The row has {got} cells where {expected} are expected."),
  "The cell is not an integer.": gettext("The cell is not an integer."),
  "The cell is beyond 64 bits.": gettext("The number is too large for an integer column."),
  "The cell is not a decimal number.": gettext("The cell is not a decimal number."),
  "The cell is not a number.": gettext("The cell is not a number."),
  "The cell is too large for a float.": gettext("The number is too large."),
  "The cell is neither true nor false.": gettext("The cell is neither true nor false."),
  "The cell is not a date like {example}.": gettext("The cell is not a date like {example}."),
  "The cell is a date that does not exist.": gettext("There is no such date."),
  "The cell is not a date and time like {example}.": gettext("The cell is not a date and time like {example}."),
  "The cell is a date and time that does not exist.": gettext("There is no such date and time."),
  "The cell is finer than a microsecond.": gettext("The time is finer than a microsecond."),
  "The cell is not a UUID.": gettext("The cell is not a UUID."),
  "The cell is not JSON.": gettext("The cell is not JSON."),
  "The cell is not JSON: {word}.": gettext("The cell is not JSON: {word}."),
  "The cell has the byte {byte}, which is not UTF-8.": gettext("The cell has the byte {byte}, which is not UTF-8."),
  "The cell is empty; the column requires a value.": gettext("The cell is empty; the column requires a value."),
  "Another row of the file has this value already; the column holds each once.": gettext("Another row of the file has this value already; the column holds each once."),
  "The table has this value already; the column holds each once.": gettext("The table has this value already; the column holds each once."),

  // --- jobs
  "putting chunks in place": gettext("Putting chunks in place"),
  verifying: gettext("Verifying that every byte arrived"),
  "Checking and loading rows": gettext("Checking and loading rows"),
  "Looking for duplicates": gettext("Looking for duplicates"),
  "Making the rows visible": gettext("Making the rows visible"),
  "there is no such job": gettext("There is no such job any more."),
  "the job has ended already: {state}": gettext("The job had ended already."),
  "Given up after {count} attempts: its worker died during the last one.": gettext("Given up after {count} attempts: the worker died each time. Its log may say why."),
};

const RULES = Object.entries(SENTENCES).map(([theirs, ours]) => [patternOf(theirs), ours]);

/** `row {row}: {reason}` -> /^row (?<row>.+?): (?<reason>.+?)$/s */
function patternOf(sentence) {
  const literal = sentence.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/\{(\w+)\}/g, "(?<$1>.+?)")}$`, "s");
}

/** @param {string} text what the server said @returns {string} what to show */
export function inWords(text) {
  return known(text) ?? text.charAt(0).toUpperCase() + text.slice(1);
}

function known(text) {
  for (const [pattern, ours] of RULES) {
    const found = pattern.exec(text);
    if (found) return filled(ours, found.groups);
  }
  return null;
}

/** What is carried over may be one of the server's sentences itself. */
function filled(ours, groups = {}) {
  return ours.replace(/\{(\w+)\}/g, (hole, name) => known(groups[name] ?? "") ?? groups[name] ?? hole);
}
