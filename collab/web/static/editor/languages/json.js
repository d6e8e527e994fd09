// @ts-check
import { found } from "./words.js";

const PARTS = /"(?:[^"\\]|\\.)*"?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[a-zA-Z]+/g;
const KEY = /\s*:/y;

/** @type {import("./words.js").Tokenizer} */
export function json(line) {
  /** @type {import("./words.js").Token[]} */
  const tokens = [];
  for (const { 0: text, index } of line.matchAll(PARTS)) {
    const end = index + text.length;
    if (text.startsWith('"')) tokens.push([index, end, found(KEY, line, end) ? "property" : "string"]);
    else if (/^[-\d]/.test(text)) tokens.push([index, end, "number"]);
    else if (["true", "false", "null"].includes(text)) tokens.push([index, end, "constant"]);
  }
  return { tokens, state: "" };
}
