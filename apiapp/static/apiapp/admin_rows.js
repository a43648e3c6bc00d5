/** The rows of a dataset in the admin: short addresses, and choosing rows.  Works without, too. */

const query = document.getElementById("query");
const selection = document.getElementById("selection");

/** Leave out what says nothing: the address stays short enough to be read and sent to somebody. */
function leaveOutDefaults() {
  const fields = [...query.elements].filter((field) => field.name);
  const shown = fields.filter((field) => field.name === "show");
  const given = new URLSearchParams(location.search).has("show");
  const changed = shown.some((field) => field.checked !== field.defaultChecked);
  for (const field of fields) {
    const isDefault = field.value === "" || field.value === field.dataset.default;
    field.disabled = field.name === "show" ? !given && !changed : isDefault;
  }
}

/** A page that comes back from the browser's history has its fields back. */
function enableAll() {
  for (const field of query.elements) field.disabled = false;
}

function showSelection(boxes, all) {
  const count = boxes.filter((box) => box.checked).length;
  selection.hidden = count === 0;
  selection.querySelector("[data-selected-count]").textContent = String(count);
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
}

function watchSelection() {
  const boxes = [...document.querySelectorAll('input[name="row"]')];
  const all = document.querySelector("[data-select-all]");
  let last = null;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    showSelection(boxes, all);
  });
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
        for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
      }
      last = box;
      showSelection(boxes, all);
    });
  }
  showSelection(boxes, all);
}

if (query) {
  query.addEventListener("submit", leaveOutDefaults);
  addEventListener("pageshow", enableAll);
  for (const field of document.querySelectorAll("[data-submit-on-change]")) {
    field.addEventListener("change", () => query.requestSubmit());
  }
}
if (selection && document.querySelector("[data-select-all]")) watchSelection();
