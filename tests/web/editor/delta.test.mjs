import assert from "node:assert/strict";
import { test } from "node:test";
import * as deltas from "../../../collab/web/static/editor/delta.js";
import * as wire from "../../../collab/web/static/editor/wire.js";
import { difference } from "../../../collab/web/static/editor/difference.js";
import { below, chanceOf, randomDelta, randomText } from "./chance.mjs";

const ROUNDS = 5000;
const { apply, compose, invert, transform } = deltas;

/** Check something of many random texts; a failure names the seed. */
function always(name, check) {
  test(name, () => {
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const chance = chanceOf(seed);
      check(chance, randomText(chance), `seed ${seed}`);
    }
  });
}

always("two changes of one text come to the same in either order", (chance, text, seed) => {
  const [one, two] = [randomDelta(chance, text), randomDelta(chance, text)];
  const there = apply(apply(text, one), transform(two, one));
  assert.equal(apply(apply(text, two), transform(one, two, true)), there, seed);
});

always("a composed change does what both do", (chance, text, seed) => {
  const one = randomDelta(chance, text);
  const between = apply(text, one);
  const two = randomDelta(chance, between);
  assert.equal(apply(text, compose(one, two)), apply(between, two), seed);
});

always("an inverse takes a change back", (chance, text, seed) => {
  const delta = randomDelta(chance, text);
  assert.equal(apply(apply(text, delta), invert(delta, text)), text, seed);
});

always("what is sent says the change", (chance, text, seed) => {
  const delta = randomDelta(chance, text);
  assert.deepEqual(wire.deltaOf(wire.editsOf(delta)), delta, seed);
});

always("a change cut in two is the same change, within the bounds, and no character is cut", (chance, text, seed) => {
  const delta = randomDelta(chance, text);
  let [made, rest] = [text, delta];
  for (let pieces = 0; rest.length > 0; pieces += 1) {
    assert.ok(pieces < 100, seed);
    const [first, second] = wire.split(rest, 2, 3);
    const inserted = first.filter((step) => typeof step === "string").join("");
    assert.ok(inserted.length <= 2 && first.length <= 4 && inserted.isWellFormed(), seed);
    [made, rest] = [apply(made, first), second];
  }
  assert.equal(made, apply(text, delta), seed);
});

always("a difference makes one text of the other, and cuts no character", (chance, text, seed) => {
  const after = chance() < 0.5 ? randomText(chance) : apply(text, randomDelta(chance, text));
  const delta = difference(text, after, below(chance, after.length + 1));
  assert.equal(apply(text, delta), after, seed);
  assert.ok(delta.every((step) => typeof step === "number" || step.isWellFormed()), seed);
});

test("a difference is told where the caret says, among equal letters", () => {
  assert.deepEqual(difference("aaa", "aaaa", 2), [1, "a"]);
  assert.deepEqual(difference("aaa", "aa", 1), [1, -1]);
  assert.deepEqual(difference("😀", "😁", 2), ["😁", -2]);
});

test("a position stays before what is inserted right there, or is pushed by it", () => {
  assert.equal(deltas.moved(2, [2, "xy"]), 2);
  assert.equal(deltas.moved(2, [2, "xy"], true), 4);
  assert.equal(deltas.moved(3, [1, -5]), 1);
});
