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
  "this file cannot be read as a table: {found}": gettext("No table can be read from this file: {found}."),
  "it is a {kind} archive": gettext("it is a {kind} archive"),
  "it is an SQLite database": gettext("it is an SQLite database"),
  "it is a program": gettext("it is a program"),
  "it is a Word document": gettext("it is a Word document"),
  "it is protected by a password: save it without one": gettext("it is protected by a password; save it without one"),
  "the file cannot be unpacked: {why}": gettext("The file cannot be unpacked; it may have been cut off on its way ({why})."),
  "the file unpacks to more than {limit} bytes: unpack it and import its parts": gettext("The file unpacks to more than {limit} bytes, which is more than is taken. Unpack it and choose what is in it."),
  "the server's disk has no room to unpack the file": gettext("The server’s disk has no room to unpack the file. Make room there, then try again."),
  "the file is compressed several times: unpack it and try again": gettext("The file is compressed several times. Unpack it and choose what is in it."),
  "the file is an archive in an archive: unpack it and try again": gettext("The file is an archive in an archive. Unpack it and choose what is in it."),
  "{name} is encrypted: unpack it with its password first": gettext("{name} is encrypted. Unpack it with its password and choose that."),
  "the zip archive has more than {count} entries": gettext("The zip archive has more than {count} entries. Choose the file that you want from it."),
  "reading this file takes more than {limit} MiB of memory: save the table as CSV and import that": gettext("Reading this file takes more than {limit} MiB of memory. Save the table as CSV and choose that."),
  "row {row} is not JSON: {why}": gettext("Row {row} is not JSON ({why}). Correct it and choose the file again."),
  "the beginning is not JSON: {why}": gettext("The beginning of the file is not JSON ({why})."),
  "the workbook is damaged: {why}": gettext("The workbook is damaged ({why}). Open it, save it anew and choose that."),
  "the {format} file is damaged: {why}": gettext("The {format} file is damaged ({why})."),
  "this is not a text file: {found}": gettext("This is not a text file ({found}), whatever its name says. Save it as CSV and choose that."),
  "it is a PDF": gettext("it is a PDF"),
  "it is a {format} picture": gettext("it is a {format} picture"),
  "byte {at} is 0": gettext("byte {at} is 0"),
  "the mark of {encoding}": gettext("the mark of {encoding}"),
  "row {row} is longer than {limit} bytes: the line ends may be missing, or a quote is opened and never closed": gettext("Row {row} is longer than {limit} bytes: line ends may be missing, or a quote is opened and never closed."),
  "the first line is longer than {limit} bytes: the line ends may be missing, or a quote is opened and never closed": gettext("The first line is longer than {limit} bytes: line ends may be missing, or a quote is opened and never closed."),
  "a cell of row {row} is longer than {limit} characters: a quote may be opened there and never closed": gettext("A cell of row {row} is longer than {limit} characters: a quote may be opened there and never closed."),
  "a cell of the header is longer than {limit} characters: a quote may be opened there and never closed": gettext("A cell of the header is longer than {limit} characters: a quote may be opened there and never closed."),
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
  "1 column is described, the file has {found}": gettext("1 column is described, the file has {found}."),
  "{count} columns are described, the file has {found}": gettext("{count} columns are described, the file has {found}."),
  "every column of the file is skipped": gettext("Every column of the file is left out. Choose where one of them goes."),
  "{slug} has no column {names}": gettext("The table has no column for {names}. Leave it out, add it, or choose another."),
  "the dataset has a column {name} already": gettext("The table has a column {name} already."),
  "dialect: {field} must be {what}": gettext("This cannot be: it must be {what}."),
  "dialect: quote must differ from the delimiter": gettext("The quote must differ from the delimiter."),
  "{label}: a pattern has at most {count} characters": gettext("A pattern has at most {count} characters."),
  "{label}: {pattern} is no pattern: {why}": gettext("{pattern} is no pattern: {why}."),
  "{label}: at most {count} values can be listed": gettext("At most {count} values can be listed."),
  "{label}: {value} is no value of a column of {type}": gettext("{value} is no value of this type."),
  "{label}: a column of {type} takes no {condition}": gettext("A column of this type cannot have this condition."),
  "{label}: there is no dataset and column {name}": gettext("There is no table and column {name}."),
  "{label}: {name} is of {theirs}, not of {ours}": gettext("The column {name} is of another type."),
  "{label} has no letter or digit to name a column by": gettext("{label} has no letter or digit to name a column by."),

  "{slug} has no key: say which columns tell its rows apart": gettext("This table has no key. Choose the columns that tell its rows apart."),
  "{labels} cannot be the key: some rows of the table have no value there": gettext("{labels} cannot be the key: some rows of the table have no value there."),
  "{labels} cannot be the key: some rows of the table have the same": gettext("{labels} cannot be the key: some rows of the table have the same."),
  "the file lacks {names} of the key": gettext("The file has no column for {names}, which is in the key of the table."),
  "the same file went into {slug} with import {number}: say `again` to import it once more": gettext("This file is in the table already, by import {number}. Import it once more?"),
  "import {number} came after it: undo that first": gettext("Import {number} came after this one. Undo that first."),
  "import {number} changed rows after it: undo that first": gettext("Import {number} changed rows after this one. Undo that first."),
  "rows were edited by hand since, and would be lost: {rows}": gettext("Rows were edited by hand since, and the edits would be lost: {rows}."),
  "columns of the table were added or dropped since": gettext("Columns of the table were added or dropped since."),
  "the rows of before this import are not kept any more: it stays": gettext("The rows of before this import are not kept any more. It stays."),

  "columns of the table were changed since": gettext("Columns of the table were changed since."),
  "an import has changed the table since": gettext("An import has changed the table since."),
  "the same rows were changed again since: {rows}": gettext("The same rows were changed again since: {rows}."),
  "the rows of before were not kept: it was too much, or long ago": gettext("The rows of before were not kept: it was too much, or long ago."),
  "it was taken back": gettext("Taken back."),
  "more than {count} things happened since": gettext("More than {count} things happened since."),

  // --- another type for a column
  "Converting the column": gettext("Converting the column"),
  "1 cell of {label} cannot become {type}: nothing was changed; see the refused cells": gettext("A cell of {label} does not fit the new type. Nothing was changed."),
  "{count} cells of {label} cannot become {type}: nothing was changed; see the refused cells": gettext("{count} cells of {label} do not fit the new type. Nothing was changed."),
  "{label}: a column of JSON is neither unique nor in the key": gettext("A column of JSON is neither unique nor in the key: take that away first."),
  "{label}: a column of another dataset refers to it": gettext("A column of another table refers to {label}."),
  "the values of the column {name} are not kept any more": gettext("The values of the column {name} are not kept any more."),

  // --- the upload
  "{size} bytes are more than the {limit} a file may have": gettext("The file is larger than a file may be here ({limit} bytes)."),
  "{size} bytes do not fit: your files have {used} of {quota} bytes": gettext("The file does not fit: your files take {used} of {quota} bytes. Delete some you no longer need."),
  "the server's disk is full; nothing of this was stored": gettext("The server’s disk is full. What had arrived is kept; make room there, then try again."),
  "the server cannot reach its store of files now; try again later": gettext("The server cannot reach its store of files at the moment. Nothing is lost; it tries again by itself, and you may too."),
  "there is no such upload": gettext("The server knows nothing of this upload any more: it has expired or was deleted. Discard it and choose the file again."),
  "{count} chunks have not arrived yet": gettext("{count} parts of the file have not arrived yet. Try again."),
  "the file has {got} bytes, not {expected}": gettext("The file arrived with {got} bytes instead of {expected}. Try again."),

  // --- warnings of the preview
  "Columns without a name are called {names}.": gettext("Columns without a name are called {names}."),
  "Several columns are called {names}.": gettext("Several columns are called {names}; the later ones get a number."),
  "The quotes do not match in {mended} of the first {checked} rows and are kept as text; the first is row {row}.": gettext("The quotes do not match in {mended} of the first {checked} rows. They are kept as text; look at row {row}."),
  "{refused} of the first {checked} rows would be refused; row {row}: {reason}": gettext("{refused} of the first {checked} rows would be refused. Row {row}: {reason}"),

  // --- refused cells
  "1 cell holds an error of the workbook: {kinds}.": gettext("1 cell holds an error of the workbook ({kinds})."),
  "{count} cells hold an error of the workbook: {kinds}.": gettext("{count} cells hold an error of the workbook ({kinds})."),
  "The row is not JSON: {why}.": gettext("The line is not JSON ({why})."),
  "The row is not an object, as the first row is.": gettext("The row is not an object, as the first row is."),
  "The row is not a list, as the first row is.": gettext("The row is not a list, as the first row is."),
  "The row is not a single value, as the first row is.": gettext("The row is not a single value, as the first row is."),
  "The row has more than one value of JSON.": gettext("The line has more than one value of JSON."),
  "The row has the key {key} twice.": gettext("The row has the key {key} twice."),
  "The row is nested too deeply.": gettext("The row is nested too deeply."),
  "The row has 1 cell where {expected} are expected.": gettext("The row has 1 cell where {expected} are expected."),
  "The row has {got} cells where {expected} are expected.": gettext("The row has {got} cells where {expected} are expected."),
  "The cell is not written like the column's other {types} ({form}).": gettext("The cell is not written like the others of its column."),
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

  "The table has a row with this key already.": gettext("The table has a row with this key already."),
  "An earlier row of the file has the same key.": gettext("An earlier row of the file has the same key."),
  "The cell is longer than the {limit} characters of a column of the key.": gettext("The cell is longer than the {limit} characters of a column of the key."),

  "The cell does not match the pattern {pattern}.": gettext("The cell does not match the pattern {pattern}."),
  "The cell is less than {low}.": gettext("The cell is less than {low}."),
  "The cell is more than {high}.": gettext("The cell is more than {high}."),
  "The cell is none of the values that the column allows.": gettext("The cell is none of the values that the column allows."),
  "The dataset {slug} has no row with this value in {column}.": gettext("The table {slug} has no row with this value in {column}."),

  // --- jobs
  "putting chunks in place": gettext("Putting chunks in place"),
  verifying: gettext("Verifying that every byte arrived"),
  "moving to the object store": gettext("Moving the file to where it stays"),
  "Fetching the file": gettext("Fetching the file"),
  "Unpacking the file": gettext("Unpacking the file"),
  "Checking and loading rows": gettext("Checking and loading rows"),
  "Looking for duplicates": gettext("Looking for duplicates"),
  "Making the rows visible": gettext("Making the rows visible"),
  "there is no such job": gettext("There is no such job any more."),
  "the job has ended already: {state}": gettext("The job had ended already."),
  "Given up after {count} attempts: its worker died during the last one.": gettext("Given up after {count} attempts: the worker died each time. Its log may say why."),

  // --- screens
  "there is no such screen, or it is not yours": gettext("There is no such screen, or it is not yours."),
  "there is a screen named {name} already": gettext("There is a screen named {name} already. Choose another name."),
  "{name} cannot be the name of a screen: {rule}": gettext("{name} cannot be the name of a screen. Use 1 to 63 of a-z, 0-9 and -, with no - at the beginning, and no word that the addresses need themselves."),
  "only staff may offer what this server sees; others publish a screen": gettext("Only staff may offer what the server itself sees. Share your own screen instead."),
  "this screen is another's: you may watch it, not change it": gettext("This screen belongs to somebody else: you may watch it, not change it."),
  "as many watch as may, {limit}; try again when somebody has left": gettext("As many watch as may: {limit}. This page tries again by itself."),
  "the screen was stopped": gettext("It was stopped by its owner or by staff."),
  "the screen was deleted": gettext("It was deleted."),
  "the screen is paused": gettext("The presenter has paused."),
  "no picture has come yet; try again": gettext("No picture has come yet. This page tries again by itself."),
  "Nobody shares this screen at the moment.": gettext("Nobody shares this screen at the moment."),
  "Whoever shared this screen has stopped.": gettext("If they begin again, the picture comes back here by itself."),
  "There is no screen here: DISPLAY is not set. Start Sluice from a terminal on the desktop, or set DISPLAY (for example DISPLAY=:0). {more}": gettext("This machine has no screen that could be captured: DISPLAY is not set. Start Sluice from a terminal on its desktop, or set DISPLAY, for example to :0. For a trial set SCREEN_SOURCE to pattern."),
  "This is a Wayland session, which lets no program capture the screen in the way Sluice does; {more}": gettext("This machine runs a Wayland session, which lets no program capture the screen in the way Sluice does. Share the screen from a browser instead, or log in with an X11 session (Xorg)."),
  "macOS does not let Sluice record the screen. {more}": gettext("macOS does not let Sluice record the screen. Open System Settings, Privacy & Security, Screen & System Audio Recording, switch on the terminal that Sluice runs in, and start Sluice again."),
  "The screen {display} cannot be opened: {why}. Start Sluice as the user who is logged in at that screen {more}": gettext("The screen {display} cannot be opened: {why}. Start Sluice as the user who is logged in at that screen, or choose another by DISPLAY."),
  "There is no video file {path}. Check the path; it counts from the folder that Sluice was started in.": gettext("There is no video file {path}. Check the path; it counts from the folder in which Sluice was started."),
  "There is no camera {number}, or it cannot be used. {more}": gettext("There is no camera {number}, or it cannot be used. See that it is connected, that no other program uses it, and that this user may use it."),
};

/** `row {row}: {reason}` -> /^row (?<row>.+?): (?<reason>.+?)$/s */
function patternOf(sentence) {
  const literal = sentence.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/\{(\w+)\}/g, "(?<$1>.+?)")}$`, "s");
}

/**
 * What says the server's sentences in the words of a table like the one above; what is carried
 * over may be one of its sentences itself.
 *
 * @param {Record<string, string>} sentences
 * @returns {(text: string) => string | null} null for what is not in the table
 */
export function interpreter(sentences) {
  const rules = Object.entries(sentences).map(([theirs, ours]) => [patternOf(theirs), ours]);

  function known(text) {
    for (const [pattern, ours] of rules) {
      const found = pattern.exec(text);
      if (found) return filled(ours, found.groups);
    }
    return null;
  }

  function filled(ours, groups = {}) {
    return ours.replace(/\{(\w+)\}/g, (hole, name) => known(groups[name] ?? "") ?? groups[name] ?? hole);
  }

  return known;
}

const known = interpreter(SENTENCES);

/** @param {string} text what the server said @returns {string} what to show */
export function inWords(text) {
  return known(text) ?? capitalised(text);
}

/** A sentence of the server's that nobody knows, as it came. */
export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
