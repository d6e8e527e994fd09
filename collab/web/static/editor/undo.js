// @ts-check
/** Taking one's own changes back while others write, too: what they did stays. */
import { compose, invert, transform } from "./delta.js";

/** @typedef {import("./delta.js").Delta} Delta */
/** @typedef {{ delta: Delta, at: number, end: number }} Entry what takes a change back; when, and where it ended */

/** Milliseconds between two keys that are taken back together; changes that are remembered. */
const TOGETHER = 700;
const MOST = 300;

export class Undo {
  /** @type {Entry[]} */
  #back = [];
  /** @type {Entry[]} */
  #again = [];

  clear() {
    this.#back = [];
    this.#again = [];
  }

  /**
   * Note an own change. Typing on is taken back together.
   * @param {Delta} delta
   * @param {string} before the text before it
   * @param {number} now
   */
  note(delta, before, now) {
    const inverse = invert(delta, before);
    const last = this.#back[this.#back.length - 1];
    this.#again = [];
    const end = endOf(delta);
    if (last && now - last.at < TOGETHER && startOf(delta) === last.end && isTyping(delta)) {
      this.#back[this.#back.length - 1] = { delta: compose(inverse, last.delta), at: now, end };
    } else {
      this.#back.push({ delta: inverse, at: now, end });
      if (this.#back.length > MOST) this.#back.shift();
    }
  }

  /** Let what is remembered stand after what others did. @param {Delta} delta */
  follow(delta) {
    this.#back = over(this.#back, delta);
    this.#again = over(this.#again, delta);
  }

  /** What takes the last change back, if there is one. @param {string} text as it is now @returns {Delta | null} */
  undo(text) {
    return turn(this.#back, this.#again, text);
  }

  /** What makes it again. @param {string} text @returns {Delta | null} */
  redo(text) {
    return turn(this.#again, this.#back, text);
  }
}

/** @param {Entry[]} from @param {Entry[]} to @param {string} text @returns {Delta | null} */
function turn(from, to, text) {
  for (let entry = from.pop(); entry; entry = from.pop()) {
    if (entry.delta.length === 0) continue; // somebody else has done it already
    to.push({ delta: invert(entry.delta, text), at: 0, end: -1 });
    return entry.delta;
  }
  return null;
}

/** @param {Entry[]} entries @param {Delta} delta @returns {Entry[]} */
function over(entries, delta) {
  const found = [];
  let change = delta;
  for (const entry of [...entries].reverse()) {
    found.push({ delta: transform(entry.delta, change), at: 0, end: -1 });
    change = transform(change, entry.delta, true);
  }
  return found.reverse();
}

/** @param {Delta} delta */
function startOf(delta) {
  return typeof delta[0] === "number" && delta[0] > 0 ? delta[0] : 0;
}

/** @param {Delta} delta */
function endOf(delta) {
  const text = delta.find((step) => typeof step === "string");
  return startOf(delta) + (typeof text === "string" ? text.length : 0);
}

/** Whether it is a letter or two, not a line's end or something pasted. @param {Delta} delta */
function isTyping(delta) {
  return delta.every((step) => (typeof step === "string" ? step.length < 3 && !step.includes("\n") : step > 0));
}
