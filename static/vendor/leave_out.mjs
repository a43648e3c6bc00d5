// Leaves rules out of a style sheet that is minified: those whose selectors all name something
// that no page of ours has.  What is left is byte for byte as it was.

/** @param {string} css @param {RegExp[]} unused what to look for in a selector */
export function leaveOut(css, unused) {
  return rulesOf(css).map((rule) => shortened(rule, unused)).join("");
}

/** @returns {string[]} the rules of one level, each with its braces */
function rulesOf(css) {
  const rules = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < css.length; at += 1) {
    if (css[at] === "{") depth += 1;
    if (css[at] === "}") depth -= 1;
    if (css[at] === "}" && depth === 0) {
      rules.push(css.slice(start, at + 1));
      start = at + 1;
    }
  }
  return [...rules, css.slice(start)];
}

function shortened(rule, unused) {
  const open = rule.indexOf("{");
  if (open < 0) return rule;
  const [head, body] = [rule.slice(0, open), rule.slice(open + 1, -1)];
  if (/^@(media|supports)/.test(head)) {
    const kept = leaveOut(body, unused);
    return kept && `${head}{${kept}}`;
  }
  if (head.startsWith("@")) return rule;
  const kept = selectorsOf(head).filter((selector) => !unused.some((part) => part.test(needs(selector))));
  return kept.length ? `${kept.join(",")}{${body}}` : "";
}

/** Split at the commas that stand in no parentheses. */
function selectorsOf(head) {
  return head.match(/(?:[^,(]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+/g);
}

/** Without what an element is *not* to be, and without what may be one of several. */
function needs(selector) {
  return selector.replace(/:(?:not|is|where)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)/g, "");
}
