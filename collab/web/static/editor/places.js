// @ts-check
/** Where words stand in a text. Pure. */

/** Places that are marked and counted at most. */
export const MOST = 2000;

/**
 * Where some words stand in a text.
 * @param {string} text
 * @param {string} words
 * @param {boolean} exact
 * @returns {[number, number][]}
 */
export function placesOf(text, words, exact) {
  if (!words) return [];
  const pattern = new RegExp(words.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), exact ? "gu" : "giu");
  /** @type {[number, number][]} */
  const found = [];
  for (const { 0: one, index } of text.matchAll(pattern)) {
    found.push([index, index + one.length]);
    if (found.length === MOST) break;
  }
  return found;
}
