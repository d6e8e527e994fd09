// @ts-check
/** Everybody's schedules: whose, when and how they go; pausing each. What is somebody's own has no name here. */
import { h, replace } from "../core/dom.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";
import { REASONS, SCHEDULE_LOOKS } from "../rooms/schedule.js";
import { People } from "../ui/names.js";
import { oneOf, row } from "./row.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @type {[string, string][]} */
const STATES = [
  ["active", "Active"],
  ["paused", "Paused"],
  ["ended", "Ended"],
];

/** @param {HTMLElement} place @param {Context} ctx */
export async function schedulesPart(place, ctx) {
  const people = new People(ctx);
  const list = pagedList(ctx, "schedules", {
    query: () => ({ scope: "all", status: ctx.query.get("status") ?? "", limit: 50 }),
    row: (one) => scheduleRow(ctx, one, people),
    nothing: () => empty({ icon: "calendar", title: "No such schedules" }),
    more: "Earlier",
  });
  replace(place, h("div", { class: "part" }, oneOf(ctx, "status", "State", STATES), list.element));
  await list.load();
}

/** @param {Context} ctx @param {any} one @param {People} people @returns {HTMLElement} */
function scheduleRow(ctx, one, people) {
  const act = (/** @type {string} */ verb) => async () => {
    const { data } = await ctx.api.post(`schedules/${one.id}/${verb}`);
    made.replaceWith(scheduleRow(ctx, data, people));
  };
  const name = one.name ?? `A schedule of ${one.type.replaceAll("_", " ")}`;
  const href = one.project_id ? `/projects/${one.project_id}/schedules/${one.id}` : null;
  const why = one.reason ? ` · ${REASONS[one.reason] ?? one.reason}` : "";
  const sub = ["of ", people.name(one.owner_id), ` · ${one.description}, ${one.time_zone}${why}`];
  const title = (/** @type {string} */ verb) => ({ title: `${verb} schedule ${one.id}`, look: "quiet" });
  const pause = one.status === "active" ? button("Pause", act("pause"), title("Pause")) : null;
  // What is somebody's own goes on when they say so.
  const resume = one.status === "paused" && href ? button("Resume", act("resume"), title("Resume")) : null;
  const made = row(href ? h("a", { href }, name) : name, sub, [
    one.next_at ? timeOf(one.next_at) : null,
    one.failures ? chip(`${one.failures} failed`, "wrong") : null,
    chip(one.status, SCHEDULE_LOOKS[one.status]),
    pause ?? resume,
  ]);
  return made;
}
