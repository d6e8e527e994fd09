// Syntax colours: what is told apart, over the ends of lines too, and how long it takes on hostile lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Highlighter, languageOf } from "../../../collab/web/static/editor/highlight.js";
import { Lines } from "../../../collab/web/static/editor/lines.js";
import { chanceOf, oneOf } from "./chance.mjs";

/** What each line's parts are: `[["keyword", "def"], ...]`. */
function partsOf(path, text) {
  const lines = new Lines(text);
  const parts = new Highlighter(languageOf(path).tokenizer).parts(lines, 0, lines.count);
  return parts.map((tokens, at) => tokens.map(([start, end, kind]) => [kind, lines.of(at).slice(start, end)]));
}

test("Python", () => {
  assert.deepEqual(partsOf("a.py", 'def f(x):  # no\n    s = """a\nb"""; return 0x1F + None'), [
    [["keyword", "def"], ["function", "f"], ["comment", "# no"]],
    [["string", '"""a']],
    [["string", 'b"""'], ["keyword", "return"], ["number", "0x1F"], ["constant", "None"]],
  ]);
});

test("JavaScript", () => {
  assert.deepEqual(partsOf("a.js", "const a = `x${f(1 / 2)}y`; /* c\nc */ b = /[/]'/g.test('q')"), [
    [["keyword", "const"], ["string", "`"], ["string", "x${"], ["function", "f"], ["number", "1"], ["number", "2"], ["string", "}"], ["string", "y`"], ["comment", "/* c"]],
    [["comment", "c */"], ["string", "/[/]'/g"], ["function", "test"], ["string", "'q'"]],
  ]);
});

test("JSON", () => {
  assert.deepEqual(partsOf("a.json", '{"a": [1.5e3, true, "b\\""]}'), [
    [["property", '"a"'], ["number", "1.5e3"], ["constant", "true"], ["string", '"b\\""']],
  ]);
});

test("Markdown, with code of a language in it", () => {
  assert.deepEqual(partsOf("a.md", "# T\n- **b** `c` [l](u)\n```py\nif x:\n```\n> q"), [
    [["heading", "# T"]],
    [["keyword", "- "], ["strong", "**b**"], ["string", "`c`"], ["link", "[l](u)"]],
    [["quote", "```py"]],
    [["keyword", "if"]],
    [["quote", "```"]],
    [["quote", ">"]],
  ]);
});

test("after a change lines have the colours of the whole text", () => {
  const pieces = ['"""', "`", "/*", "*/", "${", "}", "```js\n", "```\n", "x = 1", "\n", "'", "#", "\\"];
  for (let seed = 1; seed <= 400; seed += 1) {
    const chance = chanceOf(seed);
    const path = oneOf(chance, ["a.py", "a.js", "a.json", "a.md"]);
    const highlighter = new Highlighter(languageOf(path).tokenizer);
    let text = "";
    for (let step = 0; step < 12; step += 1) {
      const at = Math.floor(chance() * (text.length + 1));
      const first = new Lines(text).at(at);
      text = text.slice(0, at) + oneOf(chance, pieces) + text.slice(at);
      const lines = new Lines(text);
      highlighter.changed(first);
      const from = Math.floor(chance() * lines.count);
      const whole = new Highlighter(languageOf(path).tokenizer).parts(lines, 0, lines.count);
      assert.deepEqual(highlighter.parts(lines, from, lines.count), whole.slice(from), `seed ${seed}: ${text}`);
    }
  }
});

test("no line takes long, whatever is in it", () => {
  for (const unit of ["`", "*", "[", "](", "${`", "'", "\\", '"""', "_", "/*", "/[", "0x", "a:", "# ", "1e"]) {
    for (const path of ["a.py", "a.js", "a.json", "a.md"]) {
      const begun = performance.now();
      partsOf(path, unit.repeat(100_000));
      assert.ok(performance.now() - begun < 5_000, `${path}: ${unit}`);
    }
  }
});
