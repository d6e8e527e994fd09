// Reads an AsyncAPI document from standard input and prints what a validator finds wrong with it.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const diagnostics = await new Parser().validate(readFileSync(0, "utf8"));
const errors = diagnostics.filter((one) => one.severity === 0);
for (const one of errors) console.log(`${one.path.join(".")}: ${one.message}`);
process.exit(errors.length ? 1 : 0);
