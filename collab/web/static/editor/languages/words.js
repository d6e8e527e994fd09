// @ts-check
/** What tokenizers share: they go along one line, in a state, and say what its parts are and the state after it. */

/**
 * Kinds of parts; css/editor.css has a colour for each.
 * @typedef {"comment" | "string" | "number" | "keyword" | "constant" | "function" | "property" | "heading" | "strong" | "emphasis" | "link" | "quote"} Kind
 */
/** @typedef {[start: number, end: number, kind: Kind]} Token */
/** @typedef {{ tokens: Token[], state: string }} Tokenized `state` is "" where nothing is open */
/** @typedef {(line: string, state: string) => Tokenized} Tokenizer */

/** @param {string} words */
export function wordSet(words) {
  return new Set(words.split(" "));
}

/**
 * What a sticky pattern finds at a position, or null.
 * @param {RegExp} pattern with the flag `y`
 * @param {string} line
 * @param {number} at
 */
export function found(pattern, line, at) {
  pattern.lastIndex = at;
  return pattern.exec(line)?.[0] ?? null;
}
