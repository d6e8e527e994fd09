// Reads [{source, flags}] from standard input and writes what recheck says of each.
import { check } from "recheck";
import { text } from "node:stream/consumers";

// No clock decides: a string that a busy machine matches slowly would pass for an attack.
const clockless = { timeout: null, attackTimeout: null, incubationTimeout: null, seedingTimeout: null };
const patterns = JSON.parse(await text(process.stdin));
const found = [];
for (const { source, flags } of patterns) {
  const { status, attack, error } = await check(source, flags, clockless);
  found.push({ status, attack: attack?.pattern, error });
}
console.log(JSON.stringify(found));
