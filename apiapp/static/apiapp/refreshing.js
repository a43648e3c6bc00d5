/** Shows what is asked again and again: what has not changed stays, and so does the focus. */

/** @param {HTMLElement} place @param {Node[]} next what may have the focus says who it is by `data-key` */
export function refresh(place, next) {
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const there = [...place.children];
  if (there.length !== next.length) place.replaceChildren(...next);
  else there.forEach((node, at) => node.isEqualNode(next[at]) || node.replaceWith(next[at]));
  if (key && !place.contains(document.activeElement)) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
