// @ts-check
/**
 * What is seen of a text: its lines with their numbers, drawn over a text field whose own letters are
 * transparent. Of a long text only the lines on the screen are drawn. Colours are highlights of the
 * browser (CSS Custom Highlight API) on plain text: no element is made for them.
 */
import { h, restyle } from "../core/dom.js";
import { Highlighter } from "./highlight.js";

/** @typedef {import("./lines.js").Lines} Lines */
/** @typedef {{ from: number, to: number, kind: string }} Mark a part of the text that is shown otherwise, such as what was found */

/** Lines that are drawn above and below the screen. */
const MARGIN = 12;
/** Past so many units of text, or of one line, there are no colours, and the field shows its own letters. */
export const MOST_COLOURED = 512 * 1024;
export const LONGEST_COLOURED = 5000;
/** Past so many units or lines nothing is wrapped. */
const MOST_WRAPPED = 128 * 1024;
const MOST_WRAPPED_LINES = 3000;

export class Mirror {
  /** @type {HTMLElement[]} */
  #drawn = [];
  #first = 0;
  /** @type {Highlighter | null} */
  #highlighter = null;
  /** @type {Map<string, Set<Range>>} */
  #ranges = new Map();
  #wrapping = false;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} sheet what is as large as the text
   */
  constructor(scroller, sheet) {
    this.scroller = scroller;
    this.sheet = sheet;
    this.element = h("div", { class: "editor-lines", "aria-hidden": "true" });
    /** @type {Lines | null} */
    this.lines = null;
    /** @type {Mark[]} */
    this.marks = [];
    this.wrapWanted = false;
  }

  /** @param {import("./languages/words.js").Tokenizer | null} tokenizer */
  setLanguage(tokenizer) {
    this.#highlighter = tokenizer && new Highlighter(tokenizer);
  }

  /** Whether the text is too much for colours. */
  get plain() {
    return !this.lines || this.lines.text.length > MOST_COLOURED || this.lines.longest > LONGEST_COLOURED;
  }

  /**
   * Show another text, the same up to a line.
   * @param {Lines} lines
   * @param {number} first
   */
  show(lines, first) {
    this.lines = lines;
    this.#highlighter?.changed(first);
    const short = lines.text.length <= MOST_WRAPPED && lines.count <= MOST_WRAPPED_LINES;
    this.#wrapping = this.wrapWanted && short;
    this.sheet.classList.toggle("editor-wrapped", this.#wrapping);
    this.sheet.classList.toggle("editor-plain", this.plain);
    restyle(this.sheet, { "--lines": lines.count, "--digits": Math.max(2, String(lines.count).length) });
  }

  /** Pixels of a line's height. */
  get lineHeight() {
    return Number.parseFloat(getComputedStyle(this.sheet).lineHeight) || 21;
  }

  /** The lines that are drawn: those on the screen, or all of a text that is wrapped. @returns {[number, number]} */
  #span() {
    const count = this.lines?.count ?? 0;
    if (this.#wrapping) return [0, count];
    const height = this.lineHeight;
    const first = Math.floor(this.scroller.scrollTop / height) - MARGIN;
    const last = Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / height) + MARGIN;
    return [Math.max(0, first), Math.min(count, last)];
  }

  draw() {
    const { lines } = this;
    if (!lines) return;
    const [from, to] = this.#span();
    this.#first = from;
    this.#match(to - from);
    restyle(this.element, { "--first": from });
    for (let line = from; line < to; line += 1) this.#drawLine(lines, line);
    this.#colour(lines, from, to);
  }

  /** Have as many elements as there are lines to draw. @param {number} count */
  #match(count) {
    while (this.#drawn.length > count) this.#drawn.pop()?.remove();
    while (this.#drawn.length < count) {
      const line = h(
        "div",
        { class: "editor-line" },
        h("span", { class: "editor-number" }),
        h("span", { class: "editor-text" }),
      );
      line.lastElementChild?.append(document.createTextNode(""));
      this.#drawn.push(line);
      this.element.append(line);
    }
  }

  /** @param {Lines} lines @param {number} line */
  #drawLine(lines, line) {
    const element = this.#drawn[line - this.#first];
    const number = String(line + 1);
    const text = lines.end(line) - lines.start(line) > LONGEST_COLOURED ? "" : lines.of(line);
    const [left, right] = [element?.firstElementChild, element?.lastElementChild?.firstChild];
    if (left && left.getAttribute("data-number") !== number) left.setAttribute("data-number", number);
    if (right instanceof Text && right.data !== text) right.data = text;
  }

  /** The text of a line, if it is drawn. @param {number} line */
  textNode(line) {
    const node = this.#drawn[line - this.#first]?.lastElementChild?.firstChild;
    return node instanceof Text ? node : null;
  }

  /** The lines on the screen, of those that are drawn. @param {number} from @param {number} to @returns {[number, number]} */
  #seen(from, to) {
    if (!this.#wrapping) return [from, to];
    const { top, bottom } = this.scroller.getBoundingClientRect();
    const isAbove = (/** @type {number} */ line) => (this.#drawn[line]?.getBoundingClientRect().bottom ?? 0) < top;
    let first = from;
    while (first < to && isAbove(first)) first += Math.max(1, isAbove(first + 64) ? 64 : 1);
    let last = first;
    while (last < to && (this.#drawn[last]?.getBoundingClientRect().top ?? 0) <= bottom) last += 1;
    return [first, last];
  }

  /** @param {Lines} lines @param {number} from @param {number} to */
  #colour(lines, from, to) {
    if (!CSS.highlights) return;
    for (const [kind, ranges] of this.#ranges) {
      for (const range of ranges) CSS.highlights.get(kind)?.delete(range);
      ranges.clear();
    }
    const [first, last] = this.#seen(from, to);
    if (!this.plain && this.#highlighter) {
      const parts = this.#highlighter.parts(lines, first, last);
      parts.forEach((tokens, at) =>
        tokens.forEach(([start, end, kind]) => this.#paint(first + at, start, end, `code-${kind}`)),
      );
    }
    for (const mark of this.marks) this.#paintMark(lines, mark, first, last);
  }

  /** @param {Lines} lines @param {Mark} mark @param {number} first @param {number} last */
  #paintMark(lines, { from, to, kind }, first, last) {
    if (to < lines.start(first) || from > lines.end(last - 1)) return;
    for (let line = Math.max(first, lines.at(from)); line < last && lines.start(line) <= to; line += 1) {
      const start = lines.start(line);
      this.#paint(line, Math.max(0, from - start), Math.min(to, lines.end(line)) - start, kind);
    }
  }

  /** @param {number} line @param {number} start @param {number} end @param {string} kind */
  #paint(line, start, end, kind) {
    const range = this.rangeIn(line, start, end);
    if (!range) return;
    const all = CSS.highlights.get(kind) ?? new Highlight();
    if (!CSS.highlights.has(kind)) CSS.highlights.set(kind, all);
    all.add(range);
    const mine = this.#ranges.get(kind) ?? new Set();
    this.#ranges.set(kind, mine.add(range));
  }

  /** A part of a line as a range, if it is drawn. @param {number} line @param {number} start @param {number} end */
  rangeIn(line, start, end) {
    const node = this.textNode(line);
    if (!node) return null;
    const range = new Range();
    range.setStart(node, Math.min(start, node.length));
    range.setEnd(node, Math.min(end, node.length));
    return range;
  }

  /** Take all highlights away. */
  dispose() {
    for (const [kind, ranges] of this.#ranges) for (const range of ranges) CSS.highlights?.get(kind)?.delete(range);
  }
}
