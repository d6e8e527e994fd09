// @ts-check
/** A text and what a browser's field has of it, with the way from one to the other. */
import { replacing } from "./delta.js";
import { placeOf } from "./difference.js";
import { Lines } from "./lines.js";
import { Newlines, toField } from "./newlines.js";
import { wellFormed } from "./units.js";

/** @typedef {import("./delta.js").Delta} Delta */

export class FieldText {
  #newlines;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.#newlines = new Newlines(text);
    this.lines = new Lines(toField(text));
  }

  /** What the field has: the text with `\n` alone. */
  get field() {
    return this.lines.text;
  }

  /** Where a position of the field is in the text. @param {number} position */
  toText(position) {
    return this.#newlines.toText(position);
  }

  /** Where a position of the text is in the field. @param {number} position */
  toField(position) {
    return this.#newlines.toField(position);
  }

  /**
   * A change of the field in one place as a change of the text, and whether all of it can be in one.
   * @param {Delta} delta
   * @returns {[Delta, boolean]}
   */
  inText(delta) {
    const { at, gone, text: typed } = placeOf(delta);
    const good = wellFormed(typed.replaceAll("\0", ""));
    const start = this.toText(at);
    const end = this.toText(at + gone);
    const put = this.#newlines.ending === "\n" ? good : good.replaceAll("\n", this.#newlines.ending);
    return [replacing(start, end - start, put), good === typed];
  }
}
