// @ts-check
import { found, wordSet } from "./words.js";

const KEYWORDS = wordSet(
  "as async await break case catch class const continue debugger default delete do else export extends finally for from function get if import in instanceof let new of return set static super switch throw try typeof var void while with yield",
);
const CONSTANTS = wordSet("true false null undefined NaN Infinity this");

const SPACE = /\s+/y;
const LINE_COMMENT = /\/\/.*/y;
const BLOCK_COMMENT = /\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/y;
const COMMENT_REST = /(?:[^*]|\*(?!\/))*(?:\*\/)?/y;
const STRING = /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/y;
const TEMPLATE_REST = /(?:[^`\\$]|\\.|\\$|\$(?!\{))*(?:`|\$\{)?/y;
const REGEX = /\/(?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/y;
const NUMBER = /(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*)n?/y;
const WORD = /[\p{L}_$#][\p{L}\p{N}_$]*/uy;
const CALL = /\s*\(/y;
const KEY = /\s*:/y;

/** Braces and templates that may be open at once; deeper ones are not told apart. */
const DEEPEST = 40;

/**
 * The state is what is open, the innermost last: `*` a comment, "`" a template, `{` a brace within one.
 * @type {import("./words.js").Tokenizer}
 */
export function javascript(line, state) {
  const scan = new Scan(line, state);
  while (scan.at < line.length) scan.step();
  return { tokens: scan.tokens, state: scan.open.slice(0, DEEPEST) };
}

class Scan {
  /** @type {import("./words.js").Token[]} */
  tokens = [];
  at = 0;
  /** Whether a value stands before, so that `/` divides. */
  valued = false;

  /** @param {string} line @param {string} open */
  constructor(line, open) {
    this.line = line;
    this.open = open;
  }

  step() {
    const top = this.open[this.open.length - 1];
    if (top === "*") this.#comment(COMMENT_REST, true);
    else if (top === "`") this.#template();
    else this.#code();
  }

  /** @param {RegExp} pattern @param {boolean} goesOn */
  #comment(pattern, goesOn) {
    const text = found(pattern, this.line, this.at) ?? "";
    const closed = text.endsWith("*/") && (goesOn || text.length > 3);
    if (closed && goesOn) this.open = this.open.slice(0, -1);
    if (!closed && !goesOn) this.open += "*";
    this.#take(text || (this.line[this.at] ?? ""), "comment");
  }

  #template() {
    const text = found(TEMPLATE_REST, this.line, this.at) ?? "";
    if (text.endsWith("${")) this.open += "{";
    else if (text.endsWith("`")) [this.open, this.valued] = [this.open.slice(0, -1), true];
    this.#take(text || (this.line[this.at] ?? ""), "string");
  }

  #code() {
    const { line, at } = this;
    const space = found(SPACE, line, at);
    if (space) return this.#take(space);
    if (found(LINE_COMMENT, line, at)) return this.#take(line.slice(at), "comment");
    if (line.startsWith("/*", at)) return this.#comment(BLOCK_COMMENT, false);
    const string = found(STRING, line, at);
    if (string)
      return this.#value(string, found(KEY, line, at + string.length) && !this.valued ? "property" : "string");
    const regex = this.valued ? null : found(REGEX, line, at);
    if (regex) return this.#value(regex, "string");
    const number = found(NUMBER, line, at);
    if (number) return this.#value(number, "number");
    const word = found(WORD, line, at);
    if (word) return this.#word(word);
    this.#sign(line[at] ?? "");
  }

  /** @param {string} sign */
  #sign(sign) {
    if (sign === "`") {
      this.open += "`";
      return this.#take(sign, "string");
    }
    if (this.open && sign === "{") this.open += "{";
    if (this.open && sign === "}") this.open = this.open.slice(0, -1);
    const inTemplate = sign === "}" && this.open.endsWith("`");
    this.valued = sign === ")" || sign === "]" || sign === "}";
    this.#take(sign, inTemplate ? "string" : undefined);
  }

  /** @param {string} word */
  #word(word) {
    const isKeyword = KEYWORDS.has(word) && this.line[this.at - 1] !== ".";
    const called = found(CALL, this.line, this.at + word.length);
    this.valued = !isKeyword;
    if (isKeyword) this.#take(word, "keyword");
    else this.#take(word, CONSTANTS.has(word) ? "constant" : called ? "function" : undefined);
  }

  /** @param {string} text @param {import("./words.js").Kind} kind */
  #value(text, kind) {
    this.valued = true;
    this.#take(text, kind);
  }

  /** @param {string} text @param {import("./words.js").Kind} [kind] */
  #take(text, kind) {
    if (kind) this.tokens.push([this.at, this.at + text.length, kind]);
    this.at += text.length;
  }
}
