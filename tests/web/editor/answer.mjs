// Answers what the page's deltas make of changes: one JSON array in, one out.
import { apply, compose, invert, transform } from "../../../collab/web/static/editor/delta.js";
import { deltaOf, editsOf } from "../../../collab/web/static/editor/wire.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const answers = JSON.parse(Buffer.concat(chunks)).map(([text, first, second]) => {
  const [one, two] = [deltaOf(first), deltaOf(second)];
  const found = [transform(one, two), transform(one, two, true), invert(one, text), compose(one, transform(two, one))];
  return [apply(text, one), ...found.map(editsOf)];
});
process.stdout.write(JSON.stringify(answers));
