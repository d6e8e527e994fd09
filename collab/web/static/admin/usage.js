// @ts-check
/** Who keeps most, of people or of projects; how much they may keep is a setting. */
import { h, replace } from "../core/dom.js";
import { plural, size } from "../core/text.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";
import { oneOf, row } from "./row.js";

/** @param {HTMLElement} place @param {import("../core/context.js").Context} ctx */
export async function usagePart(place, ctx) {
  const owner = ctx.query.get("owner") === "project" ? "project" : "person";
  const list = pagedList(ctx, "usage", {
    query: () => ({ owner, limit: 50 }),
    row: keeperRow,
    nothing: () => empty({ icon: "files", title: "Nothing is kept yet" }),
    more: "Who keeps less",
  });
  const kinds = oneOf(ctx, "owner", "Whose", [["project", "Projects instead of people"]]);
  replace(place, h("div", { class: "part" }, kinds, list.element));
  await list.load();
}

/** @param {any} one */
function keeperRow(one) {
  const name = one.name ?? `${one.owner} ${one.id}, which is gone`;
  const href = one.owner === "project" ? `/projects/${one.id}` : `/admin/sessions?user=${one.id}`;
  const share = Math.round((100 * one.bytes) / one.limit);
  return row(
    one.name ? h("a", { href }, name) : name,
    `${plural(one.count, "row")}, ${share} % of what may be kept (${size(one.limit)})`,
    h("b", { class: "figure" }, size(one.bytes)),
  );
}
