// @ts-check
/** Deltas as they are sent, and in pieces that a message has room for. */
import { NOTHING, normal } from "./delta.js";
import { splits } from "./units.js";

/** @typedef {import("./delta.js").Delta} Delta */
/** @typedef {{ retain?: number, insert?: string, delete?: number }} Edit a step on the wire */

/**
 * A delta as it is sent.
 * @param {Delta} delta
 * @returns {Edit[]}
 */
export function editsOf(delta) {
  return delta.map((step) => {
    if (typeof step === "string") return { insert: step };
    return step > 0 ? { retain: step } : { delete: -step };
  });
}

/**
 * What was sent, as a delta.
 * @param {Edit[]} edits
 */
export function deltaOf(edits) {
  return normal(edits.map((edit) => edit.insert ?? (edit.retain ?? 0) - (edit.delete ?? 0)));
}

/**
 * Cut a delta in two that do the same one after the other: the first inserts at most so many units, in
 * at most so many steps, and cuts no character in two.
 * @param {Delta} delta
 * @param {number} units
 * @param {number} steps
 * @returns {[Delta, Delta]}
 */
export function split(delta, units, steps) {
  let room = units;
  let out = 0;
  for (const [at, step] of delta.entries()) {
    const size = typeof step === "string" ? step.length : 0;
    if (size > room || at >= steps) {
      const text = typeof step === "string" && at < steps ? step : "";
      const cut = wholeUpTo(text, room);
      const rest = typeof step === "string" ? step.slice(cut) : step;
      return [normal([...delta.slice(0, at), text.slice(0, cut)]), normal([out + cut, rest, ...delta.slice(at + 1)])];
    }
    room -= size;
    out += typeof step === "string" ? size : Math.max(step, 0);
  }
  return [delta, NOTHING];
}

/** @param {string} text @param {number} at */
function wholeUpTo(text, at) {
  const cut = Math.min(at, text.length);
  return splits(text, cut) ? cut - 1 : cut;
}

/**
 * The message that sends the edit that is on its way.
 * @param {number} fileId
 * @param {import("./replica.js").Replica} replica
 */
export function editMessage(fileId, { version, sent }) {
  if (!sent) throw new TypeError("There is nothing on its way.");
  const edits = editsOf(sent.delta);
  return { type: "file.edit", file_id: fileId, base_version: version, edit_id: sent.id, edits };
}
