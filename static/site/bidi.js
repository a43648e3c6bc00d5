/** Names of others in our sentences: those that read from right to left, and those that pretend. */

const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g; // what sets directions and is not seen
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const ISOLATE = "\u2068"; // as <bdi> does, also in attributes
const END = "\u2069";

/** Spelled out they turn nothing around, as U+202E would “exe.txt”. */
export function withoutTurns(text) {
  return text.replace(TURNS, (turn) => `⟨U+${turn.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** For within a sentence, which keeps its own direction. */
export function isolated(text) {
  const shown = withoutTurns(text);
  return RIGHT_TO_LEFT.test(shown) ? `${ISOLATE}${shown}${END}` : shown;
}
