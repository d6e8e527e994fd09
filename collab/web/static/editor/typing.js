// @ts-check
/** What keys do to a text beside typing: indenting, and lines that begin where the one before began. Pure. */

/** @typedef {{ from: number, to: number, text: string, start: number, end: number }} Change replaces a part, then selects `start` to `end` */

/** How a text is indented: its first indented line says it. @param {string} text @param {string} otherwise */
export function indentOf(text, otherwise) {
  const found = /^(\t|  +)\S/m.exec(text.slice(0, 20_000));
  if (!found) return otherwise;
  return found[1] === "\t" ? "\t" : (found[1] ?? otherwise).length % 4 === 0 ? "    " : "  ";
}

/**
 * Tab: a step to the right, of all lines of a selection.
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @param {string} indent
 * @returns {Change}
 */
export function indented(text, from, to, indent) {
  if (!text.slice(from, to).includes("\n")) {
    const column = from - (text.lastIndexOf("\n", from - 1) + 1);
    const step = indent === "\t" ? indent : " ".repeat(indent.length - (column % indent.length));
    return { from, to, text: step, start: from + step.length, end: from + step.length };
  }
  return lineByLine(text, from, to, (line) => (line ? indent + line : line));
}

/** Shift-Tab: a step to the left. @param {string} text @param {number} from @param {number} to @param {string} indent @returns {Change} */
export function outdented(text, from, to, indent) {
  const step = new RegExp(`^(?:\\t| {1,${indent === "\t" ? 4 : indent.length}})`);
  return lineByLine(text, from, to, (line) => line.replace(step, ""));
}

/** @param {string} text @param {number} from @param {number} to @param {(line: string) => string} change @returns {Change} */
function lineByLine(text, from, to, change) {
  const start = text.lastIndexOf("\n", from - 1) + 1;
  const last = to > from && text[to - 1] === "\n" ? to - 1 : to; // a line of which nothing is selected stays
  const next = text.indexOf("\n", last);
  const end = next === -1 ? text.length : next;
  const before = text.slice(start, end);
  const lines = before.split("\n").map(change);
  const after = lines.join("\n");
  const first = (lines[0]?.length ?? 0) - (before.split("\n")[0]?.length ?? 0);
  const moved = Math.max(start, from + first);
  return {
    from: start,
    to: end,
    text: after,
    start: moved,
    end: from === to ? moved : to + after.length - before.length,
  };
}

/** Enter: the next line begins where this one did, a step further within brackets. @param {string} text @param {number} from @param {number} to @param {string} indent @returns {Change} */
export function broken(text, from, to, indent) {
  const line = text.slice(text.lastIndexOf("\n", from - 1) + 1, from);
  const space = /^[ \t]*/.exec(line)?.[0] ?? "";
  const deeper = /[{[(:]\s*$/.test(line) && !/^\s*(?:[-*+>#]|\d+\.)\s/.test(line) ? indent : "";
  const put = `\n${space}${deeper}`;
  return { from, to, text: put, start: from + put.length, end: from + put.length };
}
