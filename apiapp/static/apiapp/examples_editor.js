/** The form in which an example's request is edited. */

import { button, element, field } from "../site/elements.js";
import { FORM, JSON_TYPE, NAME_PATTERN } from "./examples_request.js";
import { gettext } from "../site/i18n.js";

const TYPES = [
  [JSON_TYPE, "JSON"],
  [FORM, gettext("a form")],
  ["application/xml", "XML"],
  ["text/plain", gettext("plain text")],
];

/**
 * @param {import("./examples_request.js").Draft} draft changed in place
 * @param {() => void} onEdit called after each change
 * @returns {HTMLElement[]}
 */
export function editor(draft, onEdit) {
  const path = element("input", {
    class: "mono",
    value: draft.path,
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    oninput: (event) => edit({ path: event.target.value }),
  });

  const note = element("p", { class: "muted small" }, gettext("Browsers send their own User-Agent; curl and Python send this one."));
  note.hidden = !namesUserAgent(draft.headers);

  function edit(changes) {
    Object.assign(draft, changes);
    onEdit();
  }

  function onHeaders() {
    note.hidden = !namesUserAgent(draft.headers);
    onEdit();
  }

  const nameRules = { pattern: NAME_PATTERN, title: gettext("Letters, digits and hyphens") };
  const body = element("div", {});
  showBody();

  function showBody() {
    body.replaceChildren(...(draft.contentType ? [typeField(), bodyField()] : []));
  }

  function typeField() {
    const options = TYPES.map(([type, words]) =>
      element("option", { value: type, selected: type === draft.contentType }, words),
    );
    const onchange = (event) => {
      edit({ contentType: event.target.value });
      body.lastChild.replaceWith(bodyField());
    };
    return field(gettext("The body is"), element("select", { onchange }, options));
  }

  function bodyField() {
    if (draft.contentType === FORM) {
      return pairs({ legend: gettext("Form fields"), list: draft.form, onEdit, add: gettext("Add a field") });
    }
    const oninput = (event) => edit({ text: event.target.value });
    const rows = Math.min(8, Math.max(3, draft.text.split("\n").length));
    return field(gettext("Body"), element("textarea", { class: "mono", rows, spellcheck: "false", value: draft.text, oninput }));
  }

  return [
    field(gettext("Path"), path),
    pairs({ legend: gettext("Query"), list: draft.query, onEdit, add: gettext("Add a parameter") }),
    pairs({ legend: gettext("Headers"), list: draft.headers, onEdit: onHeaders, add: gettext("Add a header"), nameRules }),
    note,
    body,
  ];
}

function namesUserAgent(headers) {
  return headers.some(([name]) => name.trim().toLowerCase() === "user-agent");
}

/**
 * Names and their values, of which there may be more or fewer.
 *
 * @param {object} what
 * @param {string} what.legend
 * @param {import("./examples_request.js").Pair[]} what.list changed in place
 * @param {() => void} what.onEdit
 * @param {string} what.add words of the button
 * @param {Record<string, string>} [what.nameRules] attributes of the inputs for names
 */
function pairs({ legend, list, onEdit, add, nameRules = {} }) {
  const rows = element("div", { class: "pairs" });
  const more = button(add, addOne, { class: "plain small" });
  list.forEach((pair) => rows.append(rowOf(pair)));

  function addOne() {
    const pair = ["", ""];
    list.push(pair);
    rows.append(rowOf(pair));
    rows.lastChild.querySelector("input").focus();
  }

  function rowOf(pair) {
    const input = (at, words, rules) =>
      element("input", {
        class: "mono",
        value: pair[at],
        "aria-label": `${legend}: ${words}`,
        placeholder: words,
        autocomplete: "off",
        spellcheck: "false",
        oninput: (event) => {
          pair[at] = event.target.value;
          onEdit();
        },
        ...rules,
      });
    const drop = button("×", () => dropOne(pair, row), {
      class: "plain",
      "aria-label": gettext("Remove {name}", { name: pair[0] || legend }),
    });
    const row = element("div", {}, input(0, gettext("name"), nameRules), input(1, gettext("value")), drop);
    return row;
  }

  function dropOne(pair, row) {
    list.splice(list.indexOf(pair), 1);
    row.remove();
    more.focus();
    onEdit();
  }

  return element("fieldset", {}, element("legend", {}, legend), rows, more);
}
