// Reads [{source, flags}] from standard input and writes what recheck says of each.
import { check } from "recheck";
import { text } from "node:stream/consumers";

const patterns = JSON.parse(await text(process.stdin));
const found = [];
for (const { source, flags } of patterns) {
  const { status, attack, error } = await check(source, flags, { timeout: 20_000 });
  found.push({ status, attack: attack?.pattern, error });
}
console.log(JSON.stringify(found));
