/** Why a file is read as it is, in the page's language: the server's reasons, as server_words.js has the rest. */

import { gettext } from "../site/i18n.js";
import { interpreter } from "../site/server_words.js";

const REASONS = {
  // --- encoding
  "the file begins with the mark of {encoding}": gettext("the file begins with the mark of {encoding}"),
  "the bytes between the letters are 0, as in {encoding}": gettext("the bytes between the letters are 0, as in {encoding}"),
  "ISO-2022-JP's escapes are in it": gettext("ISO-2022-JP’s escapes are in it"),
  "the file is ASCII where it was looked at": gettext("plain ASCII wherever it was looked at"),
  "the file reads as UTF-8 where it was looked at": gettext("reads as UTF-8 wherever it was looked at"),
  "{bad} of {lines} lines beyond ASCII are not UTF-8, the others are": gettext("{bad} of {lines} lines beyond ASCII are not UTF-8, the others are"),
  "the file is not UTF-8, and its letters make sense as {encoding}": gettext("not UTF-8, and the letters make sense as {encoding}"),

  // --- cells
  "{delimiter} splits {fitting} of {rows} rows into {width} cells": gettext("{delimiter} splits {fitting} of {rows} rows into {width} cells"),
  "no delimiter splits the rows: there is one column": gettext("no delimiter splits the rows: there is one column"),
  "the first line says so": gettext("the first line says so"),
  "cells begin at the same {width} places in {fitting} of {rows} lines": gettext("cells begin at the same {width} places in {fitting} of {rows} lines"),
  "{quote} stands around cells in {count} of {lines} lines": gettext("{quote} stands around cells in {count} of {lines} lines"),
  "in {rows} they do not match, and are read as text": gettext("in {rows} they do not match, and are read as text"),
  "quotes within cells have a backslash": gettext("quotes within cells have a backslash"),
  "spaces stand before quotes": gettext("spaces stand before quotes"),
  "several spaces stand between cells that are no empty ones": gettext("several spaces stand between cells that are no empty ones"),
  "no cell has quotes at both ends, and no line needs them": gettext("no cell has quotes at both ends, and no line needs them"),
  "lines have carriage returns in them, and are whole with them": gettext("lines have carriage returns in them, and are whole with them"),
  "1 line begins with {mark}": gettext("1 line begins with {mark}"),
  "{count} lines begin with {mark}": gettext("{count} lines begin with {mark}"),
  "a tab": gettext("a tab"),
  "a space": gettext("a space"),
  "a comma": gettext("a comma"),
  "a semicolon": gettext("a semicolon"),

  // --- the table
  "there are {count} tables and this has the most rows; the others: {others}": gettext("of {count} tables this has the most rows; the others: {others}"),
  "{one}, table {number} of {columns} and {rows}": gettext("{one}, table {number} of {columns} and {rows}"),
  "table {number} of {columns} and {rows}": gettext("table {number} of {columns} and {rows}"),
  "1 row above the table is not like those of the table": gettext("1 row above the table is not like those of the table"),
  "{count} rows above the table are not like those of the table": gettext("{count} rows above the table are not like those of the table"),
  "the last row is not like those of the table": gettext("the last row is not like those of the table"),
  "the last {count} rows are not like those of the table": gettext("the last {count} rows are not like those of the table"),
  "the first row does not fit the types below it in {columns}": gettext("the first row does not fit the types below it in {columns}"),
  "the first row is like the rows below it in {columns}": gettext("the first row is like the rows below it in {columns}"),
  "the first row has distinct words only": gettext("the first row has distinct words only"),
  "the first row has no names of columns": gettext("the first row has no names of columns"),
  "the first {count} rows name the columns": gettext("the first {count} rows name the columns"),
  "merged cells make a header of {count} rows": gettext("merged cells make a header of {count} rows"),
  "{first}; {second}": gettext("{first}; {second}"),
  "1 row above it is a title": gettext("1 row above it is a title"),
  "{count} rows above it are a title": gettext("{count} rows above it are a title"),
  "1 row": gettext("1 row"),
  "{count} rows": gettext("{count} rows"),
  "1 column": gettext("1 column"),
  "{count} columns": gettext("{count} columns"),
};

const known = interpreter(REASONS);

/** @param {string} reason as the server gave it */
export function reasonInWords(reason) {
  return known(reason) ?? reason;
}
