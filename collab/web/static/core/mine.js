// @ts-check
/** What the frame shows of the person: their projects, and how much is unread. Kept true by their own topic. */
import { api } from "./api.js";
import { live } from "./live.js";
import { oneAtATime } from "./newest.js";
import { createStore } from "./store.js";

/** @typedef {import("./context.js").Project} Project */

/** @type {import("./store.js").Store<Project[] | null>} null: not known yet */
export const projects = createStore(/** @type {Project[] | null} */ (null));
/** Unread notifications. */
export const unread = createStore(0);

/** Most projects that the frame lists. */
const MOST_PROJECTS = 100;

export const loadProjects = oneAtATime(async () => {
  projects.set(await api.all("projects", { query: { sort: "name" }, most: MOST_PROJECTS }));
});

/** How often an event has said how many are unread: an answer from before it is not shown. */
let told = 0;

export const loadUnread = oneAtATime(async () => {
  const before = told;
  const { data } = await api.get("notifications/unread");
  if (before === told) unread.set(data.unread);
});

/** Kinds of notifications after which one's projects are others. */
const OF_PROJECTS = new Set(["invited", "role_changed"]);

/**
 * Keep both true for as long as somebody is signed in.
 * @param {number} userId
 * @returns {() => void}
 */
export function keepMine(userId) {
  const load = () => void Promise.allSettled([loadProjects(), loadUnread()]);
  const following = live.subscribe(
    `user:${userId}`,
    (event) => {
      if (typeof event.data?.unread === "number") [(told += 1), unread.set(event.data.unread)];
      else if (event.type.startsWith("notification.")) void loadUnread().catch(() => {});
      if (OF_PROJECTS.has(event.data?.kind)) void loadProjects().catch(() => {});
    },
    { onGap: load },
  );
  load();
  return () => {
    following.close();
    projects.set(null);
    unread.set(0);
  };
}
