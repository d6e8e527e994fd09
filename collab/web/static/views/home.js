// @ts-check
/** The first view: what is mine, what is mine to do, and what happened since I was here. */
import { h, loadStyles, replace } from "../core/dom.js";
import { loadProjects, projects } from "../core/mine.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { plural } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { happening } from "../ui/activity.js";
import { button, linkButton } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty, problemBox } from "../ui/empty.js";
import { unverifiedNote } from "../ui/mails.js";
import { newProject } from "../ui/new-project.js";
import { pageHead, section } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const bag = new Bag();
  const styles = loadStyles("home");
  const mine = h("div", {}, skeleton(2, "card"));
  const todo = h("div", {}, skeleton(3));
  const news = h("div", {}, skeleton(5));
  const invitations = h("div", {});
  const note = unverifiedNote(ctx);
  bag.add(note.end);
  root.append(
    h(
      "div",
      { class: "page home" },
      pageHead(`${greeting()}, ${firstName(ctx.user.name)}`),
      note.element,
      invitations,
      section("Projects", [mine], { actions: button("New project", newProject, { icon: "plus", look: "quiet" }) }),
      h("div", { class: "columns" }, section("Mine to do", [todo]), section("What happened", [news])),
    ),
  );
  bag.add(projects.subscribe((found) => found && drawProjects(mine, found)));
  const load = oneAtATime(() =>
    Promise.all([
      part(invitations, () => drawInvitations(invitations, ctx)),
      part(todo, () => drawTasks(todo, ctx)),
      part(news, () => drawNews(news, ctx)),
    ]),
  );
  const heard = (/** @type {{ type: string }} */ event) => event.type.startsWith("notification.") && void load();
  const following = ctx.live.subscribe(`user:${ctx.user.id}`, heard, { onGap: () => void load() });
  bag.add(following.close);
  await styles;
  void loadFollowed(following, load);
  return bag.dispose;
}

/** Fill a part of the page, or say in it what went wrong. @param {HTMLElement} place @param {() => Promise<unknown>} fill */
async function part(place, fill) {
  try {
    await fill();
  } catch (error) {
    const problem = asProblem(error);
    if (place.isConnected)
      replace(
        place,
        problemBox(problem, () => part(place, fill)),
      );
  }
}

function greeting() {
  const hour = new Date().getHours();
  return hour < 5 ? "Good evening" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
}

/** @param {string} name */
function firstName(name) {
  return name.trim().split(/\s+/)[0] ?? name;
}

/** @param {HTMLElement} place @param {import("../core/context.js").Project[]} found */
function drawProjects(place, found) {
  if (!found.length) {
    const text = "A project is a board, files and people. Make one, and invite the people to work on it with you.";
    return replace(
      place,
      empty({
        icon: "project",
        title: "No project yet",
        text,
        actions: [button("New project", newProject, { look: "primary", icon: "plus" })],
      }),
    );
  }
  return replace(
    place,
    h("ul", { class: "project-cards" }, found.slice(0, 12).map(projectCard)),
    found.length > 12 ? linkButton(`All ${found.length} projects`, "/projects", { look: "quiet" }) : null,
  );
}

/** @param {import("../core/context.js").Project} one */
function projectCard(one) {
  return h(
    "li",
    {},
    h(
      "a",
      { class: "project-card", href: `/projects/${one.id}/board` },
      h("b", { dir: "auto" }, one.name),
      h("span", { class: "project-about", dir: "auto" }, one.description || "No description"),
      h("span", { class: "project-foot" }, one.role ? chip(one.role) : chip("admin"), timeOf(one.updated_at)),
    ),
  );
}

/** @param {HTMLElement} place @param {Context} ctx */
async function drawInvitations(place, ctx) {
  const { data } = await ctx.api.get("invitations", { signal: ctx.signal });
  replace(
    place,
    data.items.map((/** @type {any} */ one) => {
      const answer = (/** @type {string} */ word) => async () => {
        await ctx.api.post(`invitations/${one.id}/${word}`, { idempotent: word === "accept" });
        await loadProjects();
        if (word === "accept") ctx.router.go(`/projects/${one.project_id}`);
        else toast.done("Declined.");
        await drawInvitations(place, ctx);
      };
      const words = h("p", {}, "You are invited to ", h("b", {}, one.project_name), ` as ${one.role}.`);
      return h(
        "div",
        { class: "invitation" },
        words,
        h(
          "div",
          { class: "page-actions" },
          button("Decline", answer("decline"), { look: "quiet" }),
          button("Accept", answer("accept"), { look: "primary" }),
        ),
      );
    }),
  );
}

/** @type {Record<string, string>} */
const LOOKS = { urgent: "wrong", high: "busy" };

/** @param {HTMLElement} place @param {Context} ctx */
async function drawTasks(place, ctx) {
  const query = { assignee: "me", status: ["todo", "doing", "blocked"], sort: "due_at", limit: 8 };
  const { data } = await openTasks(ctx, query);
  if (!data.items.length)
    return replace(
      place,
      empty({
        icon: "check",
        title: "Nothing is waiting for you",
        text: "Tasks that are assigned to you appear here, the next one first.",
      }),
    );
  return replace(place, h("div", { class: "rows" }, data.items.map(taskRow)));
}

/** Tasks that are not done; the server takes one status at a time. @param {Context} ctx @param {any} query */
async function openTasks(ctx, query) {
  const { status, ...rest } = query;
  const answers = await Promise.all(
    status.map((/** @type {string} */ one) =>
      ctx.api.get("tasks", { query: { ...rest, status: one }, signal: ctx.signal }),
    ),
  );
  const items = answers.flatMap((one) => one.data.items);
  items.sort((a, b) => (a.due_at ?? "9999").localeCompare(b.due_at ?? "9999"));
  return { data: { items: items.slice(0, query.limit) } };
}

/** @param {any} one */
function taskRow(one) {
  const href = one.project_id ? `/projects/${one.project_id}/board/${one.id}` : `/tasks/${one.id}`;
  const late = one.due_at && new Date(one.due_at) < new Date();
  return h(
    "a",
    { class: "row", href },
    h("span", { class: "row-main row-title", dir: "auto" }, one.title),
    LOOKS[one.priority] ? chip(one.priority, LOOKS[one.priority]) : null,
    one.status === "blocked" ? chip("blocked", "wrong") : null,
    one.due_at
      ? h("span", { class: late ? "time time-late" : "time" }, late ? "late, " : "due ", timeOf(one.due_at, ""))
      : null,
  );
}

/** @param {HTMLElement} place @param {Context} ctx */
async function drawNews(place, ctx) {
  const { data } = await ctx.api.get("activity", { query: { limit: 15 }, signal: ctx.signal });
  const items = data.items.filter(isNews);
  if (!items.length)
    return replace(
      place,
      empty({
        icon: "activity",
        title: "Nothing has happened yet",
        text: "What you and your teammates do appears here.",
      }),
    );
  const seen = lastSeen(ctx.user.id, items[0].id);
  const fresh = items.filter((/** @type {any} */ one) => one.id > seen && one.actor?.id !== ctx.user.id);
  const since = fresh.length
    ? h("p", { class: "since" }, `${plural(fresh.length, "thing")} since you were here`)
    : null;
  return replace(
    place,
    since,
    h(
      "ol",
      { class: "happenings" },
      items.map((/** @type {any} */ one) => happening(one, { fresh: fresh.includes(one) })),
    ),
    linkButton("All activity", "/activity", { look: "quiet" }),
  );
}

/** What works by itself, and goes well. */
const ROUTINE = new Set(["job.queued", "job.started", "job.succeeded"]);

/** Whether somebody wants to hear of it: not that they came in, nor each step of what works by itself. @param {any} one */
function isNews(one) {
  return !one.type.startsWith("session.") && (one.actor || !ROUTINE.has(one.type));
}

/** What was the newest the last time this window was opened; kept for this visit. @type {Map<number, number>} */
const before = new Map();

/** @param {number} userId @param {number} newest */
function lastSeen(userId, newest) {
  const key = `collab.seen.${userId}`;
  if (!before.has(userId)) before.set(userId, Number(localStorage.getItem(key) ?? newest));
  localStorage.setItem(key, String(newest));
  return before.get(userId) ?? newest;
}

export default { title: "Home", mount };
