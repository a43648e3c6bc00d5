/** How the file is read: what was decided, in one line, and every decision open to change. */

import { CONTROLS, DialectControl, certainty, inShort } from "./dialect_controls.js";
import { button, element } from "../site/elements.js";
import { gettext, ngettext } from "../site/i18n.js";
import { formatName } from "./part_form.js";

const MAIN = ["encoding", "delimiter", "quote", "has_header", "header_rows", "skip_lines"];
const MORE = Object.keys(CONTROLS).filter((name) => !MAIN.includes(name));
const WORKBOOKS = new Set(["xlsx", "xls", "xlsb", "ods"]);
const DOUBTED = 0.7; // below it the line asks to look

/** Deciding one of these anew makes what was asked of the others void. */
const RIVALS = { delimiter: ["widths"], widths: ["delimiter", "quote"] };

export class DialectForm {
  #asked = {}; // what the person chose: the rest is to be found out again with it
  #onChange;
  #controls = {};
  #lastChanged = "";
  #line = element("span", { class: "dialect-line" });
  #reset = button(gettext("Find it all out again"), () => this.#forget(), { class: "quiet small" });

  /** @param {Preview} preview @param {(asked: object) => void} onChange */
  constructor(preview, onChange) {
    this.#onChange = onChange;
    const { format } = preview.dialect;
    const [main, more] = shownFor(format);
    this.root = element(
      "details",
      { class: "dialect" },
      element("summary", {}, this.#line, element("span", { class: "change" }, gettext("Change"))),
      element("div", { class: "dialect-fields" }, this.#fields(main)),
      more.length ? this.#further(more) : null,
      this.#reset,
    );
    this.update(preview);
  }

  #fields(names) {
    return names.map((name) => {
      this.#controls[name] = new DialectControl(name, (_, value) => this.#change(name, value));
      return this.#controls[name].root;
    });
  }

  #further(names) {
    return element(
      "details",
      { class: "further" },
      element("summary", {}, gettext("More about how it is read")),
      element("div", { class: "dialect-fields" }, this.#fields(names)),
    );
  }

  /** Show what was decided this time; the controls stay, and so does the focus. */
  update({ dialect, reasons, confidence }) {
    for (const [name, control] of Object.entries(this.#controls)) {
      const isAsked = name in this.#asked;
      control.show(dialect[name], { reason: reasons[name], confidence: confidence[name], isAsked });
    }
    this.#reset.hidden = !Object.keys(this.#asked).length;
    const doubt = Math.min(1, ...Object.values(confidence));
    this.#line.replaceChildren(
      gettext("Read as: {how}", { how: summaryOf(dialect).join(" · ") }),
      ...(doubt < DOUBTED ? [" ", certainty(doubt)] : []),
    );
  }

  /** A refusal of what was asked, beside the control that it is about. @param {Problem} problem */
  complain(problem) {
    const control = this.#controls[problem.facts.field] ?? this.#controls[this.#lastChanged];
    if (!control) return false;
    control.complain(problem.message);
    delete this.#asked[this.#lastChanged];
    return true;
  }

  #change(name, value) {
    for (const rival of RIVALS[name] ?? []) delete this.#asked[rival];
    this.#asked[name] = value;
    this.#lastChanged = name;
    this.#onChange({ ...this.#asked });
  }

  #forget() {
    this.#asked = {};
    this.#controls[this.#lastChanged]?.root.querySelector("select, input").focus();
    this.#onChange({});
  }
}

function shownFor(format) {
  if (format === "text") return [MAIN, MORE];
  if (WORKBOOKS.has(format)) return [["has_header", "header_rows"], []];
  return format === "json" || format === "jsonl" ? [["has_header"], []] : [[], []];
}

function summaryOf(dialect) {
  const { format, skip_lines: above, footer_rows: below, has_header: hasHeader } = dialect;
  const named = hasHeader ? gettext("names in the first line") : gettext("no names in the first line");
  if (format !== "text") return [formatName(format), named];
  return [
    dialect.encoding.toUpperCase(),
    separation(dialect),
    hasHeader && dialect.header_rows > 1
      ? ngettext("names in {count} line", "names in {count} lines", dialect.header_rows)
      : named,
    above && ngettext("{count} line above passed over", "{count} lines above passed over", above),
    below && ngettext("{count} row at the end left out", "{count} rows at the end left out", below),
    dialect.comment && gettext("comments begin with {mark}", { mark: dialect.comment }),
  ].filter(Boolean);
}

function separation({ delimiter, widths }) {
  if (widths.length) return gettext("cells of fixed width");
  if (!delimiter) return gettext("one cell in each line");
  return gettext("separated by {delimiter}", { delimiter: inShort("delimiter", delimiter) });
}
