// Random texts and changes, the same for the same seed.
import { normal } from "../../../collab/web/static/editor/delta.js";
import { splits } from "../../../collab/web/static/editor/units.js";

const WORDS = ["a", "bc ", "\n", "é", "😀", "e\u0301", "def", "👩‍💻", "aa"];

/** A generator of numbers from 0 to 1 (mulberry32). */
export function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (chance, most) => Math.floor(chance() * most);
export const oneOf = (chance, list) => list[below(chance, list.length)];

export function randomText(chance, words = 8) {
  return Array.from({ length: below(chance, words) }, () => oneOf(chance, WORDS)).join("");
}

/** A change somewhere in a text; it cuts no character in two. */
export function randomDelta(chance, text) {
  const steps = [];
  let at = 0;
  do {
    const stop = whole(text, at + below(chance, text.length - at + 1));
    steps.push(stop - at);
    at = stop;
    if (chance() < 0.6) steps.push(oneOf(chance, WORDS));
    else {
      const end = whole(text, Math.min(text.length, at + 1 + below(chance, 4)));
      steps.push(at - end);
      at = end;
    }
  } while (chance() < 0.3);
  return normal(steps);
}

const whole = (text, at) => (splits(text, at) ? at - 1 : at);
