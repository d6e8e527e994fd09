// @ts-check
import { javascript } from "./javascript.js";
import { json } from "./json.js";
import { python } from "./python.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)/;
const HEADING = /^ {0,3}#{1,6}(?:\s|$)/;
const QUOTE = /^ {0,3}>/;
const LIST = /^\s*(?:[-*+]|\d{1,9}[.)])\s/;
/** Code, a link, strong, emphasis, an address: none of them contains its own end. */
const INLINE =
  /(`+)[^`]+\1|!?\[[^[\]]*\]\([^()\s]*\)|\*\*[^*]+\*\*|__[^_]+__|\*[^*\s][^*]*\*|\b_[^_\s][^_]*_\b|https?:\/\/[^\s<>()]+/g;

/** @type {Record<string, import("./words.js").Tokenizer>} */
const INSIDE = { python, py: python, js: javascript, javascript, mjs: javascript, json };

/**
 * The state is a fence that is open, its language, and the state within it, apart by spaces.
 * @type {import("./words.js").Tokenizer}
 */
export function markdown(line, state) {
  const fence = FENCE.exec(line);
  if (state) return fenced(line, state, fence);
  if (fence) return { tokens: [[0, line.length, "quote"]], state: `${fence[1]} ${(fence[2] ?? "").toLowerCase()} ` };
  if (HEADING.test(line)) return { tokens: [[0, line.length, "heading"]], state: "" };
  const tokens = inline(line);
  const list = LIST.exec(line);
  if (list) tokens.unshift([0, list[0].length, "keyword"]);
  if (QUOTE.test(line)) tokens.unshift([0, line.indexOf(">") + 1, "quote"]);
  return { tokens, state: "" };
}

/** @param {string} line @param {string} state @param {RegExpExecArray | null} fence @returns {import("./words.js").Tokenized} */
function fenced(line, state, fence) {
  const [open = "", language = "", ...rest] = state.split(" ");
  const ends = fence?.[1]?.startsWith(open) && !fence[2];
  if (ends) return { tokens: [[0, line.length, "quote"]], state: "" };
  const tokenizer = Object.hasOwn(INSIDE, language) ? INSIDE[language] : undefined;
  if (!tokenizer) return { tokens: [], state };
  const within = tokenizer(line, rest.join(" "));
  return { tokens: within.tokens, state: `${open} ${language} ${within.state}` };
}

/** @param {string} line @returns {import("./words.js").Token[]} */
function inline(line) {
  return [...line.matchAll(INLINE)].map(({ 0: text, index }) => [index, index + text.length, kindOf(text)]);
}

/** @param {string} text @returns {import("./words.js").Kind} */
function kindOf(text) {
  if (text.startsWith("`")) return "string";
  if (text.startsWith("**") || text.startsWith("__")) return "strong";
  if (text.startsWith("*") || text.startsWith("_")) return "emphasis";
  return "link";
}
