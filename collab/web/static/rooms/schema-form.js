// @ts-check
/** Fields of a form made from a JSON Schema, as the API's description has it: so a new type of job has a form at once. */
import { field } from "../ui/field.js";
import { capitalised } from "../core/text.js";

/** @typedef {import("../ui/field.js").Field} Field */
/**
 * @typedef {object} Schema
 * @property {string | string[]} [type]
 * @property {string[]} [enum]
 * @property {Record<string, Schema>} [properties]
 * @property {string[]} [required]
 * @property {string} [description]
 * @property {any} [example]
 * @property {any} [default]
 * @property {number} [maxLength]
 * @property {number} [minimum]
 * @property {number} [maximum]
 */

/** Characters from which a text has a field of several lines. */
const LONG = 1000;

/**
 * The fields of an object's members; an optional member that is left empty is left out.
 * @param {Schema} schema
 * @returns {Field[]}
 */
export function fieldsOf(schema) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, one]) => fieldOf(name, one, required.has(name)));
}

/**
 * What a form's values are as JSON; throws a SyntaxError with words for what is no JSON.
 * @param {Schema} schema
 * @param {Record<string, string>} values
 */
export function payloadOf(schema, values) {
  /** @type {Record<string, any>} */
  const payload = {};
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    const text = values[name] ?? "";
    if (text !== "") payload[name] = valueOf(name, one, text);
  }
  return payload;
}

/** @param {Schema} schema @returns {string} */
function kindOf(schema) {
  const types = [schema.type ?? "object"].flat().filter((one) => one !== "null");
  return types[0] ?? "object";
}

/** @param {string} name @param {Schema} schema @param {boolean} required @returns {Field} */
function fieldOf(name, schema, required) {
  const kind = kindOf(schema);
  const label = capitalised(name.replaceAll("_", " ")) + (required ? "" : " (optional)");
  const hint = schema.description ?? "";
  const value = required ? written(schema.example ?? schema.default) : "";
  const attributes = { required, placeholder: required ? "" : written(schema.default ?? schema.example) };
  if (schema.enum || kind === "boolean") {
    const choices = (schema.enum ?? ["true", "false"]).map((one) => /** @type {[string, string]} */ ([one, one]));
    return field(name, label, {
      type: "select",
      hint,
      value: value || "",
      choices: required ? choices : [["", "—"], ...choices],
    });
  }
  if (kind === "integer" || kind === "number") {
    const limits = { min: schema.minimum ?? null, max: schema.maximum ?? null, step: kind === "integer" ? 1 : "any" };
    return field(name, label, { type: "number", hint, value, attributes: { ...attributes, ...limits } });
  }
  if (kind === "string" && (schema.maxLength ?? 0) < LONG) return field(name, label, { hint, value, attributes });
  const mono = { ...attributes, rows: 6, class: "input mono", spellcheck: "false" };
  const words = kind === "string" ? hint : `${hint} (JSON)`.trim();
  return field(name, label, { type: "textarea", hint: words, value, attributes: mono });
}

/** @param {any} value */
function written(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

/** @param {string} name @param {Schema} schema @param {string} text */
function valueOf(name, schema, text) {
  const kind = kindOf(schema);
  if (kind === "string") return text;
  if (kind === "integer" || kind === "number") return Number(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`${name} is not JSON.`);
  }
}
