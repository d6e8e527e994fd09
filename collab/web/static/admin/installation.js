// @ts-check
/** The installation at a glance: what there is, and what somebody should look at. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { size } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { chip } from "../ui/chips.js";

/** @typedef {import("../core/context.js").Context} Context */

/** Milliseconds between two looks. */
const INTERVAL = 15_000;

/** @param {HTMLElement} place @param {Context} ctx @param {import("../core/store.js").Bag} bag */
export async function installationPart(place, ctx, bag) {
  const load = oneAtATime(async () => {
    const { data } = await ctx.api.get("installation", { signal: ctx.signal });
    draw(place, data);
  });
  const timer = setInterval(() => document.hidden || void load().catch(() => {}), INTERVAL);
  bag.add(() => clearInterval(timer));
  await load();
}

/** @param {HTMLElement} place @param {any} now */
function draw(place, now) {
  const free = now.storage.free_bytes;
  const tight = free < 3 * now.storage.required_bytes;
  const late = now.deliveries.oldest_at;
  replace(
    place,
    h(
      "div",
      { class: "rows part" },
      line("/admin/people", "People", now.people.all, [
        part(now.people.admins, now.people.admins === 1 ? "admin" : "admins"),
        part(now.people.disabled, "disabled"),
      ]),
      line("/admin/sessions", "Sessions", now.sessions, []),
      line("/projects", "Projects", now.projects, []),
      line("/admin/jobs", "Jobs that are not over", now.jobs.queued + now.jobs.running + now.jobs.retry_wait, [
        part(now.jobs.running, "running"),
        part(now.jobs.retry_wait, "tried again later"),
        part(now.jobs.dead, "dead", "wrong"),
      ]),
      line("/admin/schedules", "Schedules", now.schedules.active, [part(now.schedules.paused, "paused")]),
      line(
        "/admin/webhooks",
        "Webhooks",
        now.webhooks.active,
        [
          part(now.webhooks.paused, "paused"),
          part(now.webhooks.disabled, "disabled", "wrong"),
          part(now.deliveries.waiting, now.deliveries.waiting === 1 ? "delivery waits" : "deliveries wait"),
        ],
        late ? ["the oldest since ", timeOf(late)] : null,
      ),
      line("/admin/mails", "Mails that wait", now.mails.waiting, [part(now.mails.bounced, "bounced", "wrong")]),
      line("/admin/letters", "Dead letters", now.dead_letters, [part(now.dead_letters, "open", "wrong")]),
      line("/admin/usage", "Kept by people", size(now.storage.kept_bytes), [
        chip(`${size(free)} free on the disk`, tight ? "wrong" : "good"),
      ]),
    ),
  );
}

/**
 * @param {string} href @param {string} label @param {number | string} count
 * @param {(HTMLElement | null)[]} parts @param {import("../core/dom.js").Children} [sub]
 */
function line(href, label, count, parts, sub = null) {
  return h(
    "a",
    { class: "row row-wide", href },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title" }, label),
      sub ? h("span", { class: "row-sub" }, sub) : null,
    ),
    parts,
    h("b", { class: "figure" }, String(count)),
  );
}

/** What is worth a word: nothing, if there is none. @param {number} count @param {string} words @param {string} [look] */
function part(count, words, look = "neutral") {
  return count ? chip(`${count} ${words}`, look) : null;
}
