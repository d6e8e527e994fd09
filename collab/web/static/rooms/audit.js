// @ts-check
/** Who did what from where: filtered, in sentences, and as a file. */
import { h, replace } from "../core/dom.js";
import { happening } from "../ui/activity.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { pagedList } from "../ui/paged.js";
import { saveBlob } from "./output.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} place @param {Context} ctx */
export async function auditPart(place, ctx) {
  const fields = [
    field("type", "What", { attributes: { placeholder: "task, session.created" } }),
    field("actor", "Person (id)", { type: "number", attributes: { min: 1 } }),
    field("address", "Address", { attributes: { placeholder: "203.0.113.7" } }),
    field("since", "From", { type: "date" }),
    field("until", "Until", { type: "date" }),
  ];
  const list = h("ol", { class: "happenings" });
  const query = () => Object.fromEntries(fields.map((one) => [one.name, one.value() && asTime(one.name, one.value())]));
  const { element, load } = pagedList(ctx, "audit", {
    query: () => ({ ...query(), limit: 50 }),
    row: entry,
    nothing: () => empty({ icon: "history", title: "Nothing that matches" }),
    list,
    more: "Earlier",
  });
  const save = (/** @type {string} */ format) => async () => {
    saveBlob(await ctx.api.blob("audit/export", { query: { ...query(), format } }), `audit.${format}`);
  };
  const actions = [
    button("Filter", load, { look: "primary", icon: "filter" }),
    button("As CSV", save("csv"), { icon: "download" }),
    button("As JSON lines", save("jsonl"), { icon: "download" }),
  ];
  const filters = h(
    "div",
    { class: "audit-filters" },
    fields.map((one) => one.element),
    h("div", { class: "page-actions" }, actions),
  );
  replace(place, h("div", { class: "part" }, filters, element));
  await load();
}

/** Days are those of the reader. @param {string} name @param {string} value */
function asTime(name, value) {
  if (name !== "since" && name !== "until") return value;
  const day = new Date(`${value}T00:00:00`);
  if (name === "until") day.setDate(day.getDate() + 1);
  return day.toISOString();
}

/** @param {any} one */
function entry(one) {
  const row = happening(one);
  if (one.withheld) {
    const mark = chip("private");
    mark.title = "What is private is withheld from admins.";
    row.querySelector(".happening-text")?.append(" ", mark);
  }
  if (one.address) row.append(h("span", { class: "quiet mono" }, one.address));
  return row;
}
