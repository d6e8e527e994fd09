// @ts-check
import { found, wordSet } from "./words.js";

const KEYWORDS = wordSet(
  "and as assert async await break class continue def del elif else except finally for from global if import in is lambda match case nonlocal not or pass raise return try type while with yield",
);
const CONSTANTS = wordSet("True False None self cls Ellipsis NotImplemented");

const SPACE = /\s+/y;
const COMMENT = /#.*/y;
const TRIPLE = /[rRbBuUfFtT]{0,2}(?:"""|''')/y;
const STRING = /[rRbBuUfFtT]{0,2}(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)/y;
const NUMBER = /(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*)[jJ]?/y;
const DECORATOR = /@[\p{L}_][\p{L}\p{N}_.]*/uy;
const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy;
const CALL = /\s*\(/y;

/** @type {import("./words.js").Tokenizer} The state is the quotes of a long string that is open. */
export function python(line, state) {
  /** @type {import("./words.js").Token[]} */
  const tokens = [];
  let [at, open, named] = [0, state, false];
  while (at < line.length) {
    const start = at;
    if (open) {
      at = longEnd(line, at, open);
      if (at <= line.length) open = "";
      at = Math.min(at, line.length);
      tokens.push([start, at, "string"]);
      continue;
    }
    const [text, kind] = part(line, at, named);
    at += text.length;
    if (kind === "open") [open] = [text.slice(-3)];
    if (kind) tokens.push([start, at, kind === "open" ? "string" : kind]);
    if (kind !== "space" && text.trim()) named = text === "def" || text === "class";
  }
  return { tokens: joined(tokens), state: open };
}

/**
 * The part of a line at a position, and what it is.
 * @param {string} line
 * @param {number} at
 * @param {boolean} named whether it is what `def` or `class` names
 * @returns {[string, any]}
 */
function part(line, at, named) {
  const space = found(SPACE, line, at);
  if (space) return [space, ""];
  const long = found(TRIPLE, line, at);
  if (long) return [long, "open"];
  for (const [pattern, kind] of PARTS) {
    const text = found(pattern, line, at);
    if (text) return [text, kind];
  }
  const word = found(WORD, line, at);
  return word ? [word, wordKind(word, line, at + word.length, named)] : [line[at] ?? "", ""];
}

/** @type {[RegExp, import("./words.js").Kind][]} */
const PARTS = [
  [COMMENT, "comment"],
  [STRING, "string"],
  [NUMBER, "number"],
  [DECORATOR, "function"],
];

/** @param {string} word @param {string} line @param {number} end @param {boolean} named */
function wordKind(word, line, end, named) {
  if (named) return "function";
  if (KEYWORDS.has(word)) return "keyword";
  if (CONSTANTS.has(word)) return "constant";
  return found(CALL, line, end) ? "function" : "";
}

/** Where a long string ends; past the line if it goes on. @param {string} line @param {number} at @param {string} quotes */
function longEnd(line, at, quotes) {
  for (let place = at; ; place += 1) {
    const end = line.indexOf(quotes, place);
    if (end === -1) return line.length + 1;
    let slashes = 0;
    while (line[end - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return end + quotes.length;
    place = end;
  }
}

/** Neighbours of a kind as one. @param {import("./words.js").Token[]} tokens */
function joined(tokens) {
  /** @type {import("./words.js").Token[]} */
  const found = [];
  for (const token of tokens) {
    const last = found[found.length - 1];
    if (last && last[1] === token[0] && last[2] === token[2]) last[1] = token[1];
    else found.push(token);
  }
  return found;
}
