/** Says things to screen readers through the page's one live region: turns, not every figure. */

const region = document.getElementById("announcements");

/** @param {string} sentence */
export function announce(sentence) {
  if (region.textContent !== sentence) region.textContent = sentence;
}
