// @ts-check
/** What is around a project's views: its name, who is here now, and the ways to its parts. */
import { h, loadStyles, replace } from "../core/dom.js";
import { loadProjects } from "../core/mine.js";
import { oneAtATime } from "../core/newest.js";
import { Bag, createStore } from "../core/store.js";
import { avatars } from "../ui/avatar.js";
import { linkButton } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { drawTabs } from "../ui/tabs.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("../core/context.js").Project} Project */

/** @type {[string, string, string][]} */
const ROOMS = [
  ["board", "Board", "board"],
  ["files", "Files", "files"],
  ["activity", "Activity", "activity"],
  ["jobs", "Jobs", "jobs"],
  ["pipeline", "Pipeline", "pipeline"],
  ["members", "Members", "members"],
  ["settings", "Settings", "settings"],
];

/** Views that are reached from a room, and the room that is shown as open then. @type {Record<string, string>} */
const BEHIND = { schedules: "jobs", webhooks: "settings" };

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const bag = new Bag();
  const id = ctx.params["project"] ?? 0;
  const styles = loadStyles("project");
  const read = async () => /** @type {Project} */ ((await ctx.api.get(`projects/${id}`, { signal: ctx.signal })).data);
  const project = createStore(await read());
  await styles;
  const name = h("span", { class: "project-name", dir: "auto" });
  const here = h("div", { class: "project-here" });
  const nav = h("nav", { class: "tabs", "aria-label": "Project" });
  const outlet = h("div", { class: "project-view" });
  const bar = h("div", { class: "project-bar" }, h("div", { class: "project-line" }, name, here), nav);
  root.append(bar, outlet);
  bag.add(project.subscribe((now) => (name.textContent = now.name)));
  const look = oneAtATime(async () => project.set(await read()));
  const again = () => void look().catch(() => {});
  bag.add(followProject(ctx, id, here, again, () => gone(ctx)));
  const draw = (/** @type {Context} */ at) =>
    drawTabs(nav, roomsOf(id, at.router.placeOf(location.href)?.views[1] ?? ""));
  draw(ctx);
  return { outlet, extra: { project: project.get(), projectStore: project }, update: draw, dispose: bag.dispose };
}

/** @param {number} id @param {string} now */
function roomsOf(id, now) {
  const open = BEHIND[now] ?? now;
  return ROOMS.map(([room, label, icon]) => ({ href: `/projects/${id}/${room}`, label, icon, current: room === open }));
}

/**
 * Follow the project: who comes and goes, its name, one's own role, and that one is a member no longer.
 * @param {Context} ctx
 * @param {number} id
 * @param {HTMLElement} place
 * @param {() => void} again
 * @param {() => void} lost
 */
function followProject(ctx, id, place, again, lost) {
  /** @type {Map<number, { id: number, name: string }>} */
  const present = new Map();
  const draw = () => replace(place, present.size ? avatars([...present.values()]) : null);
  const following = ctx.live.subscribe(
    `project:${id}`,
    (event) => {
      if (event.type === "user.joined")
        present.set(event.data.user_id, { id: event.data.user_id, name: event.data.name });
      else if (event.type === "user.left") present.delete(event.data.user_id);
      else if (event.type === "project.updated" || event.type === "member.role_changed") again();
      draw();
    },
    {
      onPresent(people) {
        present.clear();
        for (const one of people) present.set(one.user_id, { id: one.user_id, name: one.name });
        draw();
      },
      onGap: again,
      onLost: lost,
    },
  );
  return following.close;
}

/** Show nothing of the project any more, and say why. @param {Context} ctx */
function gone(ctx) {
  void loadProjects().catch(() => {});
  const text =
    "Somebody removed you, or deleted it. Nothing of it is shown here any more; an owner can invite you again.";
  const box = empty({
    icon: "members",
    title: "You are no longer a member of this project",
    text,
    heading: true,
    actions: [linkButton("Home", "/", { look: "primary" })],
  });
  box.setAttribute("role", "alert");
  ctx.leave(h("div", { class: "page" }, box));
}

export default { title: "Project", mount };
