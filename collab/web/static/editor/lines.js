// @ts-check
/** Where the lines of a text begin. */
import { countBelow } from "./newlines.js";

export class Lines {
  /** @param {string} text with `\n` alone */
  constructor(text) {
    this.text = text;
    /** @type {number[]} */
    this.starts = [0];
    this.longest = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#end(at);
    this.longest = Math.max(this.longest, text.length - this.start(this.count - 1));
  }

  /** @param {number} at where a line ends */
  #end(at) {
    this.longest = Math.max(this.longest, at - this.start(this.starts.length - 1));
    this.starts.push(at + 1);
  }

  get count() {
    return this.starts.length;
  }

  /** @param {number} line from 0 */
  start(line) {
    return this.starts[line] ?? this.text.length;
  }

  /** @param {number} line */
  end(line) {
    return line + 1 < this.count ? this.start(line + 1) - 1 : this.text.length;
  }

  /** @param {number} line */
  of(line) {
    return this.text.slice(this.start(line), this.end(line));
  }

  /** The line of a position. @param {number} position */
  at(position) {
    return countBelow(this.count, (line) => this.start(line) <= position) - 1;
  }
}
