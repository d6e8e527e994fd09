// @ts-check
/** What was changed between two texts, where one place was: what typing, pasting and dropping do. */
import { replacing } from "./delta.js";
import { splits } from "./units.js";

/**
 * The change that makes `after` of `before`. With the caret that stands after what was typed, it is
 * told at the very place: the second of two equal letters is not taken for the first.
 * @param {string} before
 * @param {string} after
 * @param {number} [caret] in `after`
 */
export function difference(before, after, caret = after.length) {
  const shorter = Math.min(before.length, after.length);
  const end = commonEnd(before, after, Math.min(shorter, after.length - caret));
  const start = commonStart(before, after, shorter - end);
  const more = commonEnd(before, after, shorter - start);
  const stop = Math.max(end, more);
  return replacing(start, before.length - start - stop, after.slice(start, after.length - stop));
}

/**
 * How many units two texts have in common at the start, up to `most`; no character is cut in two.
 * @param {string} one
 * @param {string} other
 * @param {number} most
 */
function commonStart(one, other, most) {
  let at = 0;
  while (at < most && one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  return splits(one, at) || splits(other, at) ? at - 1 : at;
}

/** The same at the end. @param {string} one @param {string} other @param {number} most */
function commonEnd(one, other, most) {
  let size = 0;
  while (size < most && one.charCodeAt(one.length - size - 1) === other.charCodeAt(other.length - size - 1)) size += 1;
  return splits(one, one.length - size) || splits(other, other.length - size) ? size - 1 : size;
}

/**
 * What a change in one place does, and where.
 * @param {import("./delta.js").Delta} delta
 */
export function placeOf(delta) {
  const at = typeof delta[0] === "number" && delta[0] > 0 ? delta[0] : 0;
  const text = String(delta.find((step) => typeof step === "string") ?? "");
  const gone = -Number(delta.find((step) => typeof step === "number" && step < 0) ?? 0);
  return { at, gone, text };
}
