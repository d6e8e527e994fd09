// @ts-check
/** Schedules: mine, or a project's; each with when it runs next, and one of them whole. */
import { h, loadStyles } from "../core/dom.js";
import { Bag } from "../core/store.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pageHead } from "../ui/page.js";
import { pagedList } from "../ui/paged.js";
import { tabs } from "../ui/tabs.js";
import { newSchedule } from "../rooms/new-schedule.js";
import { REASONS, SCHEDULE_LOOKS, showSchedule } from "../rooms/schedule.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("rooms");
  const project = ctx.params["project"] ?? null;
  const base = project ? `/projects/${project}/schedules` : "/schedules";
  const one = ctx.params["schedule"];
  return one ? showSchedule(root, ctx, one, base) : showList(root, ctx, project, base);
}

/** @param {HTMLElement} root @param {Context} ctx @param {number | null} project @param {string} base */
async function showList(root, ctx, project, base) {
  const bag = new Bag();
  const start = () => newSchedule(ctx, project, (made) => ctx.router.go(`${base}/${made.id}`));
  const { element, load } = pagedList(ctx, "schedules", {
    query: () => ({ project_id: project, limit: 30 }),
    row: (one) => scheduleRow(one, base),
    nothing: () => nothing(start),
    more: "Earlier",
  });
  const actions = button("New schedule", start, { look: "primary", icon: "plus" });
  const kinds = tabs("Jobs and schedules", [
    { href: base.replace(/schedules$/, "jobs"), label: "Jobs", current: false },
    { href: base, label: "Schedules", current: true },
  ]);
  root.append(h("div", { class: "page" }, pageHead("Schedules", { actions }), kinds, element));
  const topic = project ? `project:${project}` : `user:${ctx.user.id}`;
  const heard = (/** @type {{ type: string }} */ event) => event.type.startsWith("schedule.") && void load();
  bag.add(ctx.live.subscribe(topic, heard, { onGap: () => void load() }).close);
  await load();
  return bag.dispose;
}

/** @param {() => unknown} start */
function nothing(start) {
  return empty({
    icon: "calendar",
    title: "No schedules here",
    text: "A schedule makes a job again and again: every morning, every quarter of an hour, on the first of the month.",
    actions: [button("New schedule", start, { look: "primary", icon: "plus" })],
  });
}

/** @param {any} one @param {string} base */
function scheduleRow(one, base) {
  const why = one.reason ? ` · ${REASONS[one.reason] ?? one.reason}` : "";
  const fails = one.failures ? chip(`${one.failures} failed`, "wrong") : null;
  return h(
    "a",
    { class: "row row-wide", href: `${base}/${one.id}`, data: { schedule: one.id } },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title", dir: "auto" }, one.name),
      h("span", { class: "row-sub" }, `${one.description}, ${one.time_zone}${why}`),
    ),
    one.next_at ? timeOf(one.next_at) : null,
    fails,
    chip(one.status, SCHEDULE_LOOKS[one.status]),
  );
}

export default { title: "Schedules", mount };
