// @ts-check
/** What I have been told: unread first in weight, newest first in order; and what I want to be told. */
import { h, loadStyles, replace } from "../core/dom.js";
import { loadUnread } from "../core/mine.js";
import { loadFollowed } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { timeOf } from "../core/time.js";
import { avatar } from "../ui/avatar.js";
import { button, segmented } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { icon } from "../ui/icons.js";
import { pageHead, section } from "../ui/page.js";
import { pagedList } from "../ui/paged.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ id: number, kind: string, text: string, actor: { id: number, name: string } | null, subject: string, project_id: number | null, created_at: string, read_at: string | null }} Notification */

/** What somebody may be told of. @type {[string, string, string][]} */
const KINDS = [
  ["invited", "Somebody invites me to a project", "mail"],
  ["role_changed", "My role in a project changes", "members"],
  ["assigned", "A task is assigned to me", "tasks"],
  ["mentioned", "Somebody mentions me", "user"],
  ["commented", "Somebody comments on a task of mine", "comment"],
  ["due_soon", "A task of mine is due within a day", "calendar"],
  ["webhook_disabled", "A webhook of a project that I own is disabled", "link"],
  ["job_finished", "A job of mine ends", "jobs"],
  ["schedule_failed", "A schedule of mine fails or stops", "calendar"],
];

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("rooms");
  const bag = new Bag();
  const preferences = h("div", {}, skeleton(3));
  let unreadOnly = ctx.query.get("unread") === "true";
  const { element, load } = pagedList(ctx, "notifications", {
    query: () => ({ limit: 30, unread: unreadOnly ? "true" : "" }),
    row: (one) => rowOf(ctx, one),
    nothing: () => nothing(unreadOnly),
  });
  const readAll = async () => {
    await ctx.api.post("notifications/read", { body: { all: true } });
    await Promise.all([load(), loadUnread()]);
  };
  const choose = (/** @type {string} */ value) => {
    unreadOnly = value === "unread";
    ctx.router.setQuery({ unread: unreadOnly ? "true" : "" });
    void load();
  };
  const choice = segmented(
    "Show",
    [
      ["all", "All"],
      ["unread", "Unread"],
    ],
    unreadOnly ? "unread" : "all",
    choose,
  );
  const actions = [choice, button("Mark all as read", readAll, { icon: "check" })];
  root.append(
    h(
      "div",
      { class: "page" },
      pageHead("Notifications", { actions }),
      element,
      section("Tell me when", [preferences]),
    ),
  );
  const heard = (/** @type {{ type: string }} */ event) => event.type.startsWith("notification.") && void load();
  const following = ctx.live.subscribe(`user:${ctx.user.id}`, heard, { onGap: load });
  bag.add(following.close);
  await Promise.all([loadFollowed(following, load), drawPreferences(preferences, ctx)]);
  return bag.dispose;
}

/** @param {boolean} unreadOnly */
function nothing(unreadOnly) {
  const text = "Mentions, assignments, invitations and finished jobs appear here.";
  return empty({ icon: "bell", title: unreadOnly ? "Nothing unread" : "Nothing yet", text });
}

/** @param {Context} ctx @param {Notification} one */
function rowOf(ctx, one) {
  const href = placeOf(one);
  const known = KINDS.find(([kind]) => kind === one.kind);
  const who = one.actor
    ? avatar(one.actor, { decorative: true })
    : h("span", { class: "avatar avatar-more" }, icon(known?.[2] ?? "bell", 14));
  const text = href ? h("a", { href, class: "happening-link" }, one.text) : h("span", {}, one.text);
  const row = h("div", { class: one.read_at ? "row row-wide" : "row row-wide row-unread" }, who);
  const toggle = async () => {
    const { data } = await ctx.api.patch(`notifications/${one.id}`, { body: { read: !one.read_at } });
    row.replaceWith(rowOf(ctx, data));
    await loadUnread();
  };
  // Whoever follows the link has read it.
  if (href && !one.read_at) text.addEventListener("click", () => void toggle().catch(() => {}));
  row.append(
    h("span", { class: "row-main", dir: "auto" }, text),
    timeOf(one.created_at),
    button(one.read_at ? "Mark as unread" : "Mark as read", toggle, { look: "quiet" }),
  );
  return row;
}

/** Where to look at what it tells of. @param {Notification} one */
export function placeOf({ subject, project_id: project }) {
  const [kind = "", id = ""] = subject.split(":");
  if (kind === "task") return project ? `/projects/${project}/board/${id}` : `/tasks/${id}`;
  if (kind === "job") return `/jobs/${id}`;
  if (kind === "schedule") return project ? `/projects/${project}/schedules/${id}` : `/schedules/${id}`;
  if (kind === "project") return `/projects/${id}`;
  if (kind === "post") return `/posts/${id}`;
  if (kind === "invitation") return "/";
  return project ? `/projects/${project}` : null;
}

/** @param {HTMLElement} place @param {Context} ctx */
async function drawPreferences(place, ctx) {
  const { data } = await ctx.api.get("notifications/preferences", { signal: ctx.signal });
  const boxes = KINDS.filter(([kind]) => kind in data).map(([kind, words]) => {
    const box = h("input", { type: "checkbox", checked: data[kind] });
    box.addEventListener("change", async () => {
      try {
        await ctx.api.patch("notifications/preferences", { body: { [kind]: box.checked } });
      } catch (error) {
        box.checked = !box.checked;
        toast.problem(asProblem(error));
      }
    });
    return h("label", { class: "check" }, box, words);
  });
  replace(place, h("div", { class: "checks" }, boxes));
}

export default { title: "Notifications", mount };
