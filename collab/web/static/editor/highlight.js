// @ts-check
/**
 * Syntax colours, line by line. What is open at the start of each line (a long string, a comment) is
 * remembered, so a change costs the lines from it on up to where nothing differs any more.
 */
import { javascript } from "./languages/javascript.js";
import { json } from "./languages/json.js";
import { markdown } from "./languages/markdown.js";
import { python } from "./languages/python.js";

/** @typedef {import("./languages/words.js").Token} Token */

/** Units of a line that are looked at: the rest of it stays plain. */
export const LONGEST_LINE = 2000;

/** @type {Record<string, { name: string, tokenizer: import("./languages/words.js").Tokenizer, indent: string }>} */
const LANGUAGES = {
  py: { name: "Python", tokenizer: python, indent: "    " },
  js: { name: "JavaScript", tokenizer: javascript, indent: "  " },
  mjs: { name: "JavaScript", tokenizer: javascript, indent: "  " },
  cjs: { name: "JavaScript", tokenizer: javascript, indent: "  " },
  json: { name: "JSON", tokenizer: json, indent: "  " },
  md: { name: "Markdown", tokenizer: markdown, indent: "  " },
  markdown: { name: "Markdown", tokenizer: markdown, indent: "  " },
};

/** The language of a file, by how its name ends; null for none that is known. @param {string} path */
export function languageOf(path) {
  const ending = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  return path.includes(".") && Object.hasOwn(LANGUAGES, ending) ? (LANGUAGES[ending] ?? null) : null;
}

export class Highlighter {
  /** What is open where each line begins; known up to `#known`. @type {string[]} */
  #states = [""];
  #known = 0;
  #tokenizer;

  /** @param {import("./languages/words.js").Tokenizer} tokenizer */
  constructor(tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /**
   * The parts of some lines.
   * @param {import("./lines.js").Lines} lines
   * @param {number} from
   * @param {number} to the line after the last one
   * @returns {Token[][]}
   */
  parts(lines, from, to) {
    for (; this.#known < from; this.#known += 1) this.#step(lines.of(this.#known), this.#known);
    const found = [];
    for (let line = from; line < Math.min(to, lines.count); line += 1) found.push(this.#step(lines.of(line), line));
    this.#known = Math.max(this.#known, Math.min(to, lines.count));
    return found;
  }

  /** @param {string} text @param {number} line */
  #step(text, line) {
    const { tokens, state } = this.#tokenizer(text.slice(0, LONGEST_LINE), this.#states[line] ?? "");
    this.#states[line + 1] = state;
    return tokens;
  }

  /** Lines from `first` on are no longer what they were. @param {number} first */
  changed(first) {
    this.#known = Math.min(this.#known, first);
  }
}
