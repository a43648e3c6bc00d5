/** The filter of one column, in the control that its type asks for. */

import { button, element, field } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { inCell } from "./cell_words.js";
import { TESTS, read } from "./filter_words.js";

const KINDS = {
  contains: gettext("contains"),
  starts: gettext("starts with"),
  is: gettext("is"),
  is_not: gettext("is not"),
  one_of: gettext("is one of"),
  range: gettext("is between"),
  yes: gettext("is yes"),
  no: gettext("is no"),
  empty: gettext("is empty"),
  filled: gettext("is not empty"),
};
const OF_TYPE = {
  text: ["contains", "starts", "is", "is_not", "one_of", "empty", "filled"],
  boolean: ["yes", "no", "empty", "filled"],
  uuid: ["is", "is_not", "one_of", "empty", "filled"],
  json: ["filled", "empty"],
};
const OF_OTHERS = ["range", "is", "is_not", "one_of", "empty", "filled"];
const INPUTS = { date: "date", timestamp: "datetime-local" };

/**
 * @param {ColumnSpec} column
 * @param {string[]} tests what it is filtered by now
 * @param {(tests: string[]) => void} apply none: every row
 * @param {() => Promise<{value: any, count: number}[]>} frequent its most frequent values
 */
export function filterForm(column, tests, apply, frequent) {
  const { kind, ...said } = stateOf(tests);
  const kinds = OF_TYPE[column.type] ?? OF_OTHERS;
  const chosen = kinds.includes(kind) ? kind : kinds[0];
  const choice = element("select", {}, kinds.map((each) => element("option", { value: each, selected: each === chosen }, KINDS[each])));
  const values = element("div", { class: "filter-values" });
  const show = () => {
    values.replaceChildren(...controls(choice.value, column, said));
    if (choice.value === "one_of") offerFrequent(values, column, frequent);
  };
  choice.addEventListener("change", show);
  show();
  return element(
    "form",
    {
      class: "filter-form",
      onsubmit: (event) => {
        event.preventDefault();
        apply(testsOf(choice.value, values));
      },
    },
    field(gettext("Rows whose {column}", { column: column.label }), choice),
    values,
    element(
      "div",
      { class: "actions" },
      element("button", { class: "small" }, gettext("Filter")),
      tests.length > 0 && button(gettext("Remove"), () => apply([]), { class: "quiet small" }),
    ),
  );
}

/** Both ends of a range are one state of the form; so are yes and no. */
function stateOf(tests) {
  const found = tests.map(read);
  const end = (kind) => found.find((each) => each.kind === kind)?.text ?? "";
  if (end("from") || end("to")) return { kind: "range", from: end("from"), to: end("to") };
  const [first = { kind: "" }] = found;
  if (first.kind === "is" && ["true", "false"].includes(first.text)) {
    return { ...first, kind: first.text === "true" ? "yes" : "no" };
  }
  return first;
}

function controls(kind, { type }, { text = "", texts = [], from = "", to = "" }) {
  const input = (name, value) => {
    const shape = INPUTS[type] ?? "text";
    const step = shape === "datetime-local" ? "1" : null;
    const inputmode = ["integer", "decimal", "float"].includes(type) ? "decimal" : null;
    return element("input", { type: shape, name, step, inputmode, value: shape === "text" ? value : value.replace(/Z$/, ""), autocomplete: "off" });
  };
  if (kind === "range") return [field(gettext("From"), input("from", from)), field(gettext("To"), input("to", to))];
  if (kind === "one_of") {
    const area = element("textarea", { name: "texts", rows: "3", value: texts.join("\n") });
    return [field(gettext("One on each line"), area)];
  }
  if (["contains", "starts", "is", "is_not"].includes(kind)) return [field(gettext("Value"), input("text", text))];
  return [];
}

/** Boxes for the values that come most, above the lines for others; those lines that have a box tick it. */
async function offerFrequent(values, { label, type }, frequent) {
  const area = values.querySelector("textarea");
  const top = await frequent().catch(() => []); // the lines are enough
  if (!top.length || !area.isConnected) return;
  const asked = new Set(linesOf(area.value));
  const boxes = top.map(({ value, count }) => {
    const text = String(value);
    const box = element("input", { type: "checkbox", name: "frequent", value: text, checked: asked.delete(text) });
    const words = text === "" ? gettext("(no characters)") : inCell(value, type);
    return element("label", {}, box, element("span", { class: "words" }, words), element("small", { class: "muted number" }, number(count)));
  });
  area.value = [...asked].join("\n");
  const title = gettext("The most frequent values of {column}", { column: label });
  values.prepend(element("div", { class: "frequent-values", role: "group", "aria-label": title }, boxes));
  area.previousElementSibling.textContent = gettext("Others, one on each line");
}

function linesOf(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/** What is asked; nothing where nothing was written. */
function testsOf(kind, values) {
  const of = (name) => values.querySelector(`[name=${name}]`)?.value.trim() ?? "";
  if (kind === "range") return ["from", "to"].filter(of).map((end) => TESTS[end](of(end)));
  if (kind === "yes" || kind === "no") return [TESTS.is(String(kind === "yes"))];
  if (kind === "empty" || kind === "filled") return [TESTS[kind]()];
  if (kind === "one_of") {
    const ticked = [...values.querySelectorAll("[name=frequent]:checked")].map((box) => box.value);
    const texts = [...ticked, ...linesOf(of("texts"))];
    return texts.length ? [TESTS.one_of(texts)] : [];
  }
  return of("text") ? [TESTS[kind](of("text"))] : [];
}
