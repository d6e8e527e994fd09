// @ts-check
/** What happened, in a project or in all of mine: newest first, more on demand, new things as they come. */
import { h, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { happening } from "../ui/activity.js";
import { button } from "../ui/button.js";
import { filterChips } from "../ui/chips.js";
import { empty, problemBox } from "../ui/empty.js";
import { pageHead } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @type {[string, string][]} */
const KINDS = [
  ["task", "Tasks"],
  ["file", "Files"],
  ["job", "Jobs"],
  ["member", "Members"],
  ["post", "Posts"],
];

/** @param {HTMLElement} root @param {Context} ctx */
function mount(root, ctx) {
  const bag = new Bag();
  const project = ctx.params["project"];
  const list = h("ol", { class: "happenings" });
  const below = h("div", {}, skeleton(6));
  /** @type {string | null} */
  let cursor = null;
  let kind = ctx.query.get("type") ?? "";
  const kinds = project ? KINDS.filter(([one]) => one !== "post") : KINDS; // posts are nobody's project's
  const path = project ? `projects/${project}/activity` : "activity";

  let begun = 0; // what was asked for before the list began anew is none of it
  const more = async () => {
    const mine = begun;
    try {
      const { data } = await ctx.api.get(path, { query: { limit: 40, cursor, type: kind }, signal: ctx.signal });
      if (mine !== begun) return;
      list.append(...missing(list, data.items).map((one) => happening(one)));
      cursor = data.next_cursor;
      if (cursor) replace(below, button("Earlier", more));
      else if (list.childElementCount) replace(below, h("p", { class: "quiet" }, "That is all."));
      else
        replace(
          below,
          empty({
            icon: "activity",
            title: "Nothing has happened yet",
            text: "What you and your teammates do appears here, as it happens.",
          }),
        );
    } catch (error) {
      if (!ctx.signal.aborted && mine === begun) replace(below, problemBox(asProblem(error), more));
    }
  };
  const again = () => {
    begun += 1;
    list.replaceChildren();
    cursor = null;
    return more();
  };
  const choose = (/** @type {string[]} */ values) => {
    kind = values.at(-1) ?? "";
    ctx.router.setQuery({ type: kind });
    drawFilter();
    void again();
  };
  const filter = h("div", {});
  const drawFilter = () => replace(filter, filterChips("Kinds", kinds, kind ? [kind] : [], choose));
  drawFilter();
  root.append(h("div", { class: "page" }, pageHead("Activity", { actions: filter }), list, below));
  if (!project) void more();
  else {
    const heard = fresh(ctx, path, list, () => kind);
    const following = ctx.live.subscribe(`project:${project}`, heard, { onGap: () => void again() });
    bag.add(following.close);
    void loadFollowed(following, again);
  }
  return bag.dispose;
}

/**
 * Those that are not in the list yet: two loads may be on their way at once.
 * @param {HTMLElement} list
 * @param {any[]} items
 * @returns {any[]}
 */
function missing(list, items) {
  return items.filter((one) => !list.querySelector(`:scope > [data-id="${one.id}"]`));
}

/**
 * With each new event the sentences that are not here yet are put on top.
 * @param {Context} ctx
 * @param {string} path
 * @param {HTMLElement} list
 * @param {() => string} kindNow
 */
function fresh(ctx, path, list, kindNow) {
  const load = oneAtATime(async () => {
    const kind = kindNow();
    const { data } = await ctx.api.get(path, { query: { limit: 20, type: kind }, signal: ctx.signal });
    if (kind !== kindNow()) return;
    const first = Number(/** @type {HTMLElement | null} */ (list.firstElementChild)?.dataset["id"] ?? 0);
    list.prepend(
      ...missing(list, data.items)
        .filter((one) => one.id > first)
        .map((one) => happening(one, { fresh: true })),
    );
  });
  return (/** @type {import("../core/live.js").LiveEvent} */ event) => {
    if (!event.signal && !event.type.startsWith("user.")) void load().catch(() => {}); // the next event tries again
  };
}

export default { title: "Activity", mount };
