// @ts-check
/**
 * A browser's text field knows `\n` alone; a text may have `\r\n` (or `\r`) as well, and keeps them. What is
 * seen in the field is `toField(text)`; positions are brought from one to the other here.
 */

/** @param {string} text */
export function toField(text) {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

export class Newlines {
  /** Where each `\r\n` of the text begins. @type {number[]} */
  #pairs = [];

  /** @param {string} text */
  constructor(text) {
    for (let at = text.indexOf("\r\n"); at !== -1; at = text.indexOf("\r\n", at + 2)) this.#pairs.push(at);
    const single = text.includes("\n") && this.#pairs.length === 0;
    /** How a line that is added ends. */
    this.ending = this.#pairs.length > 0 && !single ? "\r\n" : "\n";
  }

  /** Whether positions are the same in both. */
  get none() {
    return this.#pairs.length === 0;
  }

  /** Where a position of the field is in the text. @param {number} position */
  toText(position) {
    return position + countBelow(this.#pairs.length, (n) => (this.#pairs[n] ?? 0) - n < position);
  }

  /** Where a position of the text is in the field. @param {number} position */
  toField(position) {
    return position - countBelow(this.#pairs.length, (n) => (this.#pairs[n] ?? 0) < position);
  }
}

/**
 * How many of the first numbers something holds for, which holds for no later one.
 * @param {number} count
 * @param {(n: number) => boolean} holds
 */
export function countBelow(count, holds) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
