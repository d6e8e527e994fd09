// What is around the text: lines' ends, taking back, indenting, versions that are compared.
import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "../../../collab/web/static/editor/delta.js";
import { Newlines, toField } from "../../../collab/web/static/editor/newlines.js";
import { placesOf } from "../../../collab/web/static/editor/places.js";
import { broken, indented, indentOf, outdented } from "../../../collab/web/static/editor/typing.js";
import { Undo } from "../../../collab/web/static/editor/undo.js";
import { folded, grouped, linesOf, partsOf } from "../../../collab/web/static/views/files/changes.js";
import { chanceOf, randomDelta, randomText } from "./chance.mjs";

test("positions of a field and of a text with \\r\\n are the same places", () => {
  const text = "a\r\nb\rc\n\r\nd";
  const newlines = new Newlines(text);
  const field = toField(text);
  for (let at = 0; at <= field.length; at += 1) {
    assert.equal(newlines.toField(newlines.toText(at)), at);
    assert.equal(toField(text.slice(0, newlines.toText(at))), field.slice(0, at));
  }
  assert.equal(newlines.ending, "\r\n");
});

test("one's own changes are taken back and made again, and what others wrote stays", () => {
  for (let seed = 1; seed <= 1500; seed += 1) {
    const chance = chanceOf(seed);
    const undo = new Undo();
    let mine = randomText(chance);
    const first = mine;
    let theirs = false;
    for (let step = 0; step < 6; step += 1) {
      const delta = randomDelta(chance, mine);
      if (chance() < 0.3) [undo.follow(delta), (theirs = true)];
      else undo.note(delta, mine, step * 10_000);
      mine = apply(mine, delta);
    }
    const last = mine;
    for (let delta = undo.undo(mine); delta; delta = undo.undo(mine)) mine = apply(mine, delta);
    if (!theirs) assert.equal(mine, first, `seed ${seed}`);
    for (let delta = undo.redo(mine); delta; delta = undo.redo(mine)) mine = apply(mine, delta);
    if (!theirs) assert.equal(mine, last, `seed ${seed}`);
  }
});

test("letters that are typed on are taken back together, a pause parts them", () => {
  const undo = new Undo();
  undo.note(["a"], "", 0);
  undo.note([1, "b"], "a", 100);
  undo.note([2, "c"], "ab", 5000);
  assert.equal(apply("abc", undo.undo("abc")), "ab");
  assert.equal(apply("ab", undo.undo("ab")), "");
});

const made = (text, { from, to, text: put, start, end }) => [text.slice(0, from) + put + text.slice(to), start, end];

test("Tab, Shift-Tab and Enter", () => {
  assert.deepEqual(made("ab", indented("ab", 1, 1, "    ")), ["a   b", 4, 4]);
  assert.deepEqual(made("a\nb\n", indented("a\nb\n", 0, 4, "  ")), ["  a\n  b\n", 2, 8]);
  assert.deepEqual(made("  a\n\tb", outdented("  a\n\tb", 0, 6, "  ")), ["a\nb", 0, 3]);
  assert.deepEqual(made("  if x:", broken("  if x:", 7, 7, "  ")), ["  if x:\n    ", 12, 12]);
  assert.equal(indentOf("a\n\tb", "  "), "\t");
  assert.equal(indentOf("a\n    b", "  "), "    ");
});

test("a difference is told as lines, and what is the same is folded away", () => {
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  const rows = folded(linesOf(partsOf(before, [{ retain: 8 }, { insert: "V" }, { delete: 1 }])));
  assert.deepEqual(rows[0], { fold: 1 });
  assert.deepEqual(rows[4], { number: 5, changed: true, parts: [{ kind: "new", text: "V" }, { kind: "gone", text: "5" }] });
  assert.deepEqual(rows.at(-1), { fold: 2 });
});

test("what a person typed in one go is one entry; another person, door or hour begins the next", () => {
  const entry = (version, id, door, at) => ({ version, base: version - 1, author: { id, name: "A" }, door, at, inserted: 1, deleted: 0, undoes: null });
  const groups = grouped([
    entry(5, 1, "undo", "2026-01-01T10:03:00Z"),
    entry(4, 1, "socket", "2026-01-01T10:02:00Z"),
    entry(3, 1, "yjs", "2026-01-01T10:01:00Z"),
    entry(2, 2, "socket", "2026-01-01T10:00:00Z"),
    entry(1, 2, "socket", "2026-01-01T08:00:00Z"),
  ]);
  assert.deepEqual(groups.map((one) => [one.from, one.to, one.base]), [[5, 5, 4], [3, 4, 2], [2, 2, 1], [1, 1, 0]]);
});

test("whatever is looked for is taken as it stands", () => {
  const signs = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
  for (const sign of [...signs, "😀", "a-b", "[x", "(", "\\d"]) {
    assert.deepEqual(placesOf(`_${sign}_`, sign, true)[sign === "_" ? 1 : 0], [1, 1 + sign.length], sign);
  }
  assert.deepEqual(placesOf("Éa éA", "éa", false), [[0, 2], [3, 5]]);
  assert.deepEqual(placesOf("abc", "", false), []);
});
