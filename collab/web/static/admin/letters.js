// @ts-check
/** Dead letters of all projects: which have some, and dealing with them. */
import { h, replace } from "../core/dom.js";
import { plural } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";
import { lettersPart } from "../rooms/letters.js";
import { row } from "./row.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} place @param {Context} ctx */
export async function allLettersPart(place, ctx) {
  const project = Number(ctx.query.get("project"));
  return project ? lettersOf(place, ctx, project) : projects(place, ctx);
}

/** @param {HTMLElement} place @param {Context} ctx */
async function projects(place, ctx) {
  const list = pagedList(ctx, "ingest/dead-letters/projects", {
    query: () => ({ limit: 50 }),
    row: projectRow,
    nothing: () => empty({ icon: "check", title: "No project has open letters" }),
  });
  replace(place, h("div", { class: "part" }, list.element));
  await list.load();
}

/** @param {any} one */
function projectRow(one) {
  const name = one.project_name ?? `project ${one.project_id}, which is gone`;
  return row(
    one.project_name ? h("a", { href: `/admin/letters?project=${one.project_id}` }, name) : name,
    ["the oldest was rejected ", timeOf(one.oldest_at)],
    h("b", { class: "figure" }, plural(one.open, "letter")),
  );
}

/** @param {HTMLElement} place @param {Context} ctx @param {number} project */
async function lettersOf(place, ctx, project) {
  const part = lettersPart(ctx, project);
  const every = button("All projects", () => ctx.router.go("/admin/letters"), { look: "quiet" });
  const link = h("a", { href: `/projects/${project}/pipeline` }, "The project’s pipeline");
  const head = h("div", { class: "page-actions" }, link, every, part.actions);
  replace(place, h("div", { class: "part" }, head, part.element));
  await part.load();
}
