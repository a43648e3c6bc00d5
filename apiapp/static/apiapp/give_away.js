/** Gives a dataset to another owner: not to be taken back, so its name is typed. */

import { call } from "../site/api.js";
import { element, field } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

/** @param {string} slug @returns {HTMLDetailsElement} */
export function giveAwayForm(slug) {
  const user = element("input", { name: "owner", required: true, maxlength: "150", autocomplete: "off", spellcheck: "false" });
  const typed = element("input", { name: "slug", required: true, autocomplete: "off", spellcheck: "false" });
  const trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  const submit = element("button", { class: "small", disabled: true }, gettext("Give it away"));
  typed.addEventListener("input", () => (submit.disabled = typed.value.trim() !== slug));
  const onsubmit = async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    submit.disabled = true;
    try {
      await call("PUT", `/api/datasets/${encodeURIComponent(slug)}/owner/`, { user: user.value.trim() });
      location.reload();
    } catch (problem) {
      trouble.textContent = problem.status === 422 ? gettext("There is no such user to give it to.") : problem.message;
      trouble.hidden = false;
      submit.disabled = false;
    }
  };
  return element(
    "details",
    { class: "give-away" },
    element("summary", {}, gettext("Give it away")),
    element("p", { class: "muted small" }, gettext("The new owner decides who sees it and may delete it. You go on as an editor, until they take that back. Only they can give it back.")),
    element(
      "form",
      { onsubmit },
      element("div", { class: "fields" }, field(gettext("New owner"), user), field(gettext("Type {slug} to confirm", { slug }), typed)),
      trouble,
      submit,
    ),
  );
}
