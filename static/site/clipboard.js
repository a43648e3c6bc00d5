/** Copying, also where the browser gives pages no clipboard: on plain http from another machine. */

/** @param {HTMLElement} source whose text is copied @returns {Promise<boolean>} */
export async function copyTextOf(source) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(source.textContent).then(
      () => true,
      () => copySelected(source),
    );
  }
  return copySelected(source);
}

/** The text is left selected: if even this fails, the keyboard can copy it. */
function copySelected(source) {
  getSelection().selectAllChildren(source);
  return document.execCommand("copy");
}
