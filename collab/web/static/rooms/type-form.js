// @ts-check
/** The part of a form that says what a job does: its type, and fields made from what the type takes. */
import { append, h, replace } from "../core/dom.js";
import { Problem } from "../core/problem.js";
import { field, select, ticked } from "../ui/field.js";
import { fieldsOf, payloadOf } from "./schema-form.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("./schema-form.js").Schema} Schema */
/** @typedef {{ name: string, summary: string, available: boolean, reason: string | null, needs_project: boolean, payload: string }} JobType */

/** Types that are refused to everybody: the server makes these jobs, or another address does. */
const NOT_BY_HAND = new Set(["erase", "export", "webhook_deliveries"]);

/** The API's description, fetched once. @type {Promise<any> | null} */
let described = null;

/** @returns {Promise<any>} */
function description() {
  described ??= fetch("/api/openapi.json").then((answer) => answer.json());
  return described;
}

/**
 * The schema at an address such as "/api/openapi.json#/components/schemas/ReportPayload".
 * @param {string} address
 * @returns {Promise<Schema>}
 */
async function schemaAt(address) {
  const steps = (address.split("#/")[1] ?? "").split("/");
  return steps.reduce((at, step) => at?.[step], await description());
}

/**
 * @param {Context} ctx
 * @param {number | null} project
 * @returns {Promise<{ field: import("../ui/field.js").Field, work: () => { type: string, payload: Record<string, any> },
 *   tell: (error: unknown) => never }>} `work` reads what is filled in; `tell` shows what is wrong with it, and throws
 */
export async function typeForm(ctx, project) {
  const { data } = await ctx.api.get("jobs/types");
  const fits = (/** @type {JobType} */ one) => !NOT_BY_HAND.has(one.name) && (project !== null || !one.needs_project);
  const types = /** @type {JobType[]} */ (data.items).filter(fits);
  const forms = new Map();
  for (const one of types) {
    const schema = await schemaAt(one.payload);
    forms.set(one.name, { type: one, schema, fields: fieldsOf(schema) });
  }
  const part = h("div", { class: "form" });
  const choice = select(
    types.map((one) => [one.name, one.name.replaceAll("_", " ")]),
    types[0]?.name ?? "",
    { id: "job-type" },
  );
  const draw = () => {
    const { type, fields } = forms.get(choice.value);
    replace(
      part,
      h("p", { class: "quiet" }, ticked(type.summary)),
      type.available ? null : h("p", { class: "form-wrong" }, type.reason),
    );
    append(
      part,
      fields.map((/** @type {import("../ui/field.js").Field} */ one) => one.element),
    );
  };
  choice.addEventListener("change", draw);
  draw();
  return {
    field: typeField(choice, part),
    work() {
      const { type, schema, fields } = forms.get(choice.value);
      const values = Object.fromEntries(fields.map((/** @type {any} */ one) => [one.name, one.value()]));
      return { type: type.name, payload: read(schema, values) };
    },
    tell: (error) => tell(error, forms.get(choice.value).fields),
  };
}

/** @param {Schema} schema @param {Record<string, string>} values */
function read(schema, values) {
  try {
    return payloadOf(schema, values);
  } catch (error) {
    throw new Problem(422, { detail: /** @type {Error} */ (error).message });
  }
}

/** Show what is wrong at its field: the payload's members are below `payload`. @param {unknown} error @param {import("../ui/field.js").Field[]} fields @returns {never} */
function tell(error, fields) {
  if (!(error instanceof Problem)) throw error;
  const told = fields.filter((one) => one.tell(error.of(`payload/${one.name}`)));
  told[0]?.focus();
  throw told.length ? new Problem(error.status, { detail: "Something in it can’t be accepted as it is." }) : error;
}

/** @param {HTMLSelectElement} choice @param {HTMLElement} part @returns {import("../ui/field.js").Field} */
function typeField(choice, part) {
  const made = field("type", "Type");
  made.element.querySelector("input")?.replaceWith(choice);
  made.element.querySelector("label")?.setAttribute("for", "job-type");
  const element = h("div", { class: "form" }, made.element, part);
  return { ...made, element, value: () => choice.value, focus: () => choice.focus(), tell: () => false };
}
