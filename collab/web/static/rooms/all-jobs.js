// @ts-check
/** Everybody's jobs, for admins: whose they are and how they go, and a way to stop each. */
import { h, replace } from "../core/dom.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip, filterChips } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";
import { People } from "../ui/names.js";
import { ENDED, LOOKS, STATES } from "./job.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} place @param {Context} ctx */
export async function allJobsPart(place, ctx) {
  const [status, owner] = [ctx.query.get("status") ?? "", ctx.query.get("owner") ?? ""];
  const people = new People(ctx);
  const list = pagedList(ctx, "jobs", {
    query: () => ({ scope: "all", owner_id: owner, status, limit: 50 }),
    row: (one) => jobRow(ctx, one, people),
    nothing: () => empty({ icon: "jobs", title: "No such jobs" }),
    more: "Earlier",
  });
  const go = (/** @type {Record<string, string>} */ query) => {
    ctx.router.setQuery(query);
    ctx.router.again();
  };
  const choose = (/** @type {string[]} */ on) => go({ status: on.find((one) => one !== status) ?? "" });
  const everybody = button("Everybody's", () => go({ owner: "" }), { look: "quiet" });
  const whose = owner ? h("p", { class: "quiet" }, "Jobs of ", people.name(Number(owner)), " · ", everybody) : null;
  replace(place, h("div", { class: "part" }, filterChips("State", STATES, [status], choose), whose, list.element));
  await list.load();
}

/** @param {Context} ctx @param {any} one @param {People} people @returns {HTMLElement} */
function jobRow(ctx, one, people) {
  const row = h("div", { class: "row row-wide member-row", data: { job: one.id } });
  const title = `${one.type.replaceAll("_", " ")} ${one.id}`;
  const cancel = async () => {
    const { data } = await ctx.api.post(`jobs/${one.id}/cancel`);
    row.replaceWith(jobRow(ctx, data, people));
  };
  const rerun = async () => {
    const { data } = await ctx.api.post(`jobs/${one.id}/retry`);
    row.replaceWith(jobRow(ctx, data, people));
  };
  // What is somebody's own runs again when they say so.
  const retry = ENDED.has(one.status) && one.status !== "succeeded" && one.project_id;
  const link = one.project_id ? `/projects/${one.project_id}/jobs/${one.id}` : null;
  const sub = ["of ", people.name(one.owner_id), " · ", timeOf(one.created_at, "")];
  row.append(
    h(
      "span",
      { class: "row-main" },
      link ? h("a", { class: "row-title", href: link }, title) : h("span", { class: "row-title" }, title),
      h("span", { class: "row-sub" }, ...sub, one.error ? ` · ${one.error.code}` : ""),
    ),
    chip(one.cancel_requested && one.status === "running" ? "stopping" : one.status, LOOKS[one.status]),
    ...(retry ? [button("Run again", rerun, { look: "quiet", title: `Run job ${one.id} again` })] : []),
    ...(ENDED.has(one.status) || one.cancel_requested ? [] : [button("Cancel", cancel, { look: "danger" })]),
  );
  return row;
}
