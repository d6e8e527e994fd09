// @ts-check
/** Jobs: mine, or a project's; each with its state, and one of them whole. */
import { h, loadStyles } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { Bag } from "../core/store.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip, filterChips } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pageHead } from "../ui/page.js";
import { pagedList } from "../ui/paged.js";
import { tabs } from "../ui/tabs.js";
import { ENDED, LOOKS, STATES, showJob } from "../rooms/job.js";
import { newJob } from "../rooms/new-job.js";

/** @typedef {import("../core/context.js").Context} Context */

/** Jobs of the list that are followed live: those that have not ended. */
const MAX_FOLLOWED = 20;

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("rooms");
  return ctx.params["job"] ? showJob(root, ctx, ctx.params["job"]) : showList(root, ctx);
}

/** @param {HTMLElement} root @param {Context} ctx */
async function showList(root, ctx) {
  const bag = new Bag();
  const project = ctx.params["project"] ?? null;
  const base = project ? `/projects/${project}/jobs` : "/jobs";
  /** @type {Map<number, { close: () => void }>} */
  const followed = new Map();
  const status = ctx.query.get("status") ?? "";
  const {
    element,
    list: rows,
    load,
  } = pagedList(ctx, "jobs", {
    query: () => ({ project_id: project, status, limit: 30 }),
    row(one) {
      if (!ENDED.has(one.status)) follow(one.id);
      return jobRow(one, base);
    },
    nothing: () => nothing(project !== null, start),
    more: "Earlier",
  });
  const follow = (/** @type {number} */ id) => {
    if (followed.has(id) || followed.size >= MAX_FOLLOWED) return;
    const load = oneAtATime(async () => {
      const { data } = await ctx.api.get(`jobs/${id}`, { signal: ctx.signal });
      rows.querySelector(`[data-job="${id}"]`)?.replaceWith(jobRow(data, base));
      if (ENDED.has(data.status)) followed.get(id)?.close();
    });
    const again = () => void load().catch(() => {});
    const heard = (/** @type {{ type: string }} */ event) => event.type !== "job.output" && again();
    const following = ctx.live.subscribe(`job:${id}`, heard, { onGap: again });
    followed.set(id, following);
    // The row is of before it was followed.
    void following.ready.then(again, () => {});
  };
  const start = () => newJob(ctx, project, (job) => ctx.router.go(`${base}/${job.id}`));
  const choose = (/** @type {string[]} */ on) => {
    ctx.router.setQuery({ status: on.find((one) => one !== status) ?? "" });
    ctx.router.again();
  };
  const actions = button("New job", start, { look: "primary", icon: "plus" });
  const chips = filterChips("State", STATES, status ? [status] : [], choose);
  const kinds = tabs("Jobs and schedules", [
    { href: base, label: "Jobs", current: true },
    { href: base.replace(/jobs$/, "schedules"), label: "Schedules", current: false },
  ]);
  root.append(h("div", { class: "page" }, pageHead("Jobs", { actions }), kinds, chips, element));
  bag.add(() => followed.forEach((one) => one.close()));
  await load();
  return bag.dispose;
}

/** @param {boolean} inProject @param {() => unknown} start */
function nothing(inProject, start) {
  const text = inProject
    ? "Run code, compute tables, write a report on the project: in the background, with their output as it comes."
    : "Run code, compute tables, call functions: in the background, with their output as it comes.";
  return empty({
    icon: "jobs",
    title: "No jobs here",
    text,
    actions: [button("New job", start, { look: "primary", icon: "plus" })],
  });
}

/** @param {any} one @param {string} base */
function jobRow(one, base) {
  const running = one.status === "running";
  const bar = running
    ? h("progress", {
        class: "progress progress-small",
        max: 1,
        value: one.progress || 0,
        "aria-label": `Progress of job ${one.id}`,
      })
    : null;
  return h(
    "a",
    { class: "row", href: `${base}/${one.id}`, data: { job: one.id } },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title" }, `${one.type.replaceAll("_", " ")} ${one.id}`),
      h("span", { class: "row-sub" }, running ? one.progress_message : (one.error?.message ?? "")),
    ),
    bar,
    timeOf(one.created_at),
    chip(one.status, LOOKS[one.status]),
  );
}

export default { title: "Jobs", mount };
