/** A control for each decision about how a file is read, with the reason and the confidence beside it. */

import { element, field } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { reasonInWords } from "./reason_words.js";

const OTHER = "other";
const SURE = 0.9;
const GUESSED = 0.7;

/** The encodings that are offered; what a file was found to be in is added where it is another. */
const ENCODINGS = [
  ["utf-8", "UTF-8"],
  ["utf-16-le", "UTF-16"],
  ["utf-16-be", "UTF-16 BE"],
  ["utf-32-le", "UTF-32"],
  ["cp1252", gettext("Western European (Windows-1252)")],
  ["latin-1", gettext("Western European (Latin-1)")],
  ["cp1250", gettext("Central European (Windows-1250)")],
  ["iso8859-2", gettext("Central European (ISO 8859-2)")],
  ["cp1251", gettext("Cyrillic (Windows-1251)")],
  ["koi8-r", gettext("Cyrillic (KOI8-R)")],
  ["cp1253", gettext("Greek (Windows-1253)")],
  ["cp1254", gettext("Turkish (Windows-1254)")],
  ["cp1255", gettext("Hebrew (Windows-1255)")],
  ["cp1256", gettext("Arabic (Windows-1256)")],
  ["cp1257", gettext("Baltic (Windows-1257)")],
  ["cp1258", gettext("Vietnamese (Windows-1258)")],
  ["cp874", gettext("Thai (Windows-874)")],
  ["gb18030", gettext("Chinese (GB18030, GBK)")],
  ["big5hkscs", gettext("Chinese (Big5)")],
  ["cp932", gettext("Japanese (Shift-JIS)")],
  ["euc-jp", gettext("Japanese (EUC-JP)")],
  ["cp949", gettext("Korean (EUC-KR)")],
  ["cp437", gettext("DOS (437)")],
  ["cp850", gettext("DOS (850)")],
  ["mac-roman", "Mac Roman"],
];

export const DELIMITERS = [
  [",", gettext("comma (,)")],
  [";", gettext("semicolon (;)")],
  ["\t", gettext("tab")],
  ["|", gettext("bar (|)")],
  [" ", gettext("space")],
  [":", gettext("colon (:)")],
  ["", gettext("nothing: a line is one cell, or the widths are fixed")],
];

const YES_NO = [
  [true, gettext("yes")],
  [false, gettext("no")],
];

/** name in the dialect -> what its control is.  `options`, else `number`, else text. */
export const CONTROLS = {
  encoding: { words: gettext("Encoding"), options: ENCODINGS },
  delimiter: {
    words: gettext("Cells are separated by"),
    options: DELIMITERS,
    other: gettext("Another delimiter"),
    maxlength: 8,
  },
  quote: {
    words: gettext("Quotes around cells"),
    options: [
      ['"', gettext("double quotes (\")")],
      ["'", gettext("single quotes (')")],
      ["`", gettext("backticks (`)")],
      ["", gettext("none: quotes are text")],
    ],
    other: gettext("Another quote"),
    maxlength: 1,
  },
  has_header: {
    words: gettext("The first line has"),
    options: [
      [true, gettext("the names of the columns")],
      [false, gettext("data already")],
    ],
  },
  header_rows: { words: gettext("Rows that name the columns"), number: [1, 20] },
  skip_lines: { words: gettext("Lines above the table to pass over"), number: [0, 1_000_000] },
  footer_rows: { words: gettext("Rows at the end that are no data"), number: [0, 10_000] },
  comment: { words: gettext("Comments begin with"), maxlength: 8 },
  escape: {
    words: gettext("A quote within a cell"),
    options: [
      ["", gettext("is doubled")],
      ["\\", gettext("has a backslash before it")],
    ],
  },
  skip_spaces: { words: gettext("Leave out spaces around quotes"), options: YES_NO },
  merge_delimiters: { words: gettext("Several delimiters in a row count as one"), options: YES_NO },
  decimal_mark: {
    words: gettext("Decimal mark"),
    options: [
      ["", gettext("by the cells of each column")],
      [".", gettext("point: 1,234.56")],
      [",", gettext("comma: 1.234,56")],
    ],
  },
  date_order: {
    words: gettext("Order in dates"),
    options: [
      ["", gettext("by the cells of each column")],
      ["ymd", gettext("year, month, day")],
      ["dmy", gettext("day, month, year")],
      ["mdy", gettext("month, day, year")],
    ],
  },
  table: { words: gettext("Which of several tables"), number: [1, 1000] },
  end_line: { words: gettext("Last line of the table (0: the end)"), number: [0, 1_000_000_000] },
  line_end: {
    words: gettext("A lone carriage return"),
    options: [
      ["", gettext("ends a line")],
      ["\n", gettext("is text")],
    ],
  },
  widths: {
    words: gettext("Cells begin at columns (fixed widths)"),
    read: (text) => (text.match(/-?\d+/g) ?? []).map(Number),
    write: (widths) => widths.join(", "),
  },
};

export class DialectControl {
  #name;
  #spec;
  #input;
  #other = null; // the field of what is not among the options
  #reason = element("small", { class: "reason" });
  #trouble = element("small", { class: "field-trouble", role: "alert", hidden: true });

  /** @param {string} name in CONTROLS @param {(name: string, value: any) => void} onChange */
  constructor(name, onChange) {
    this.#name = name;
    this.#spec = CONTROLS[name];
    this.onChange = onChange;
    this.#input = this.#makeInput();
    this.root = field(this.#spec.words, this.#input);
    if (this.#other) this.root.append(this.#other);
    this.root.append(this.#reason, this.#trouble);
    this.#reason.id = `${this.#input.id}-reason`;
    this.#input.setAttribute("aria-describedby", this.#reason.id);
  }

  #makeInput() {
    const { options, number, maxlength = null } = this.#spec;
    const onchange = () => this.#changed();
    if (options) {
      if (this.#spec.other) this.#other = this.#makeOther();
      return element("select", { name: this.#name, onchange });
    }
    if (!number) return element("input", { name: this.#name, maxlength, onchange });
    const [min, max] = number;
    const asked = { type: "number", min: String(min), max: String(max), required: true };
    return element("input", { name: this.#name, ...asked, onchange });
  }

  #makeOther() {
    return element("input", {
      hidden: true,
      maxlength: String(this.#spec.maxlength),
      "aria-label": this.#spec.other,
      placeholder: this.#spec.other,
      onchange: ({ target }) => target.value && this.#tell(target.value),
    });
  }

  #changed() {
    const { options, number, read } = this.#spec;
    const { value } = this.#input;
    if (options) return this.#chosen(value);
    if (number && !this.#input.reportValidity()) return null;
    return this.#tell(number ? Number(value) : read ? read(value) : value);
  }

  #chosen(value) {
    if (this.#other) this.#other.hidden = value !== OTHER;
    if (value === OTHER) return this.#other.focus();
    return this.#tell(this.#offered.find(([each]) => String(each) === value)[0]);
  }

  #tell(value) {
    this.#trouble.hidden = true;
    this.onChange(this.#name, value);
  }

  #offered = [];

  /**
   * @param {any} value
   * @param {{ reason?: string, confidence?: number, isAsked: boolean }} why
   */
  show(value, { reason, confidence, isAsked }) {
    if (this.#spec.options) this.#showOption(value);
    else this.#input.value = this.#spec.write ? this.#spec.write(value) : String(value);
    this.#input.removeAttribute("aria-invalid");
    this.#trouble.hidden = true;
    this.#reason.replaceChildren(...reasonParts(reason, confidence, isAsked));
  }

  #showOption(value) {
    const { options } = this.#spec;
    const isKnown = options.some(([each]) => each === value);
    this.#offered = isKnown ? options : [[value, String(value)], ...options];
    const drawn = this.#offered.map(([each, words]) =>
      element("option", { value: String(each), selected: each === value }, words),
    );
    const other = this.#other && element("option", { value: OTHER }, gettext("another…"));
    this.#input.replaceChildren(...drawn, ...(other ? [other] : []));
    this.#input.value = String(value);
    if (this.#other) this.#other.hidden = true;
  }

  /** What the server says against it, beside it. */
  complain(sentence) {
    this.#input.setAttribute("aria-invalid", "true");
    this.#trouble.textContent = sentence;
    this.#trouble.hidden = false;
  }
}

/** The value in words, for a summary. */
export function inShort(name, value) {
  const { options = [] } = CONTROLS[name];
  return options.find(([each]) => each === value)?.[1] ?? String(value);
}

function reasonParts(reason, confidence, isAsked) {
  if (isAsked) return [gettext("chosen by you")];
  if (!reason) return [];
  const words = reasonInWords(reason);
  return confidence === undefined ? [words] : [certainty(confidence), " ", words];
}

/** How sure the reader is: in words, for colour is never the only sign. */
export function certainty(confidence) {
  const percent = Math.round(confidence * 100);
  const [kind, words] =
    confidence >= SURE
      ? ["sure", gettext("sure, {percent} %", { percent })]
      : confidence >= GUESSED
        ? ["likely", gettext("likely, {percent} %", { percent })]
        : ["guessed", gettext("a guess, {percent} %", { percent })];
  return element("span", { class: `certainty ${kind}` }, words);
}
