// @ts-check
/** Text as JavaScript counts it, in UTF-16 code units: an emoji is two of them (surrogates). */

/**
 * Whether a position is in the middle of a character of two units.
 * @param {string} text
 * @param {number} at
 */
export function splits(text, at) {
  return at > 0 && isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at));
}

/** @param {number} unit */
function isHigh(unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** @param {number} unit */
function isLow(unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Halves of characters as signs that say so. @param {string} text @returns {string} */
export function wellFormed(text) {
  const found = /** @type {any} */ (text);
  return found.toWellFormed ? found.toWellFormed() : new TextDecoder().decode(new TextEncoder().encode(text));
}
