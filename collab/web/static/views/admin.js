// @ts-check
/** The installation, for its admins: what there is and what goes on, everybody's, with what they can do about it. */
import { h, loadStyles, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { taskList } from "../board/list.js";
import { empty, problemBox } from "../ui/empty.js";
import { pageHead } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { drawTabs } from "../ui/tabs.js";
import { installationPart } from "../admin/installation.js";
import { allLettersPart } from "../admin/letters.js";
import { mailsPart } from "../admin/mails.js";
import { schedulesPart } from "../admin/schedules.js";
import { sessionsPart } from "../admin/sessions.js";
import { usagePart } from "../admin/usage.js";
import { allWebhooksPart } from "../admin/webhooks.js";
import { allJobsPart } from "../rooms/all-jobs.js";
import { auditPart } from "../rooms/audit.js";
import { flagsPart } from "../rooms/flags.js";
import { healthPart } from "../rooms/health.js";
import { peoplePart } from "../rooms/people.js";

/** @typedef {import("../core/context.js").Context} Context */
/** A part of the view: it fills a place, and is told of new things. @typedef {(place: HTMLElement, ctx: Context, bag: Bag) => Promise<void>} Part */

/** The parts, in the order of their tabs; a further one is a further line. @type {[string, string, string, Part][]} */
const PARTS = [
  ["", "Overview", "admin", installationPart],
  ["people", "People", "members", peoplePart],
  ["sessions", "Sessions", "user", sessionsPart],
  ["usage", "Usage", "files", usagePart],
  ["tasks", "Tasks", "tasks", tasksPart],
  ["jobs", "Jobs", "jobs", allJobsPart],
  ["schedules", "Schedules", "calendar", schedulesPart],
  ["webhooks", "Webhooks", "link", allWebhooksPart],
  ["mails", "Mails", "mail", mailsPart],
  ["letters", "Dead letters", "warning", allLettersPart],
  ["flags", "Features", "flag", flagsPart],
  ["audit", "Audit", "history", auditPart],
  ["health", "Health", "health", healthPart],
];

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("rooms");
  const bag = new Bag();
  const place = h("div", {}, skeleton(5));
  const page = h("div", { class: "page" }, pageHead("Installation"));
  root.append(page);
  if (ctx.user.role !== "admin") {
    const text = "The first account of an installation is an admin; admins can promote others.";
    page.append(empty({ icon: "admin", title: "This is for admins", text }));
    return bag.dispose;
  }
  const now = location.pathname.split("/")[2] ?? "";
  const nav = h("nav", { class: "tabs tabs-wrapped", "aria-label": "Installation" });
  page.append(nav, place);
  drawTabs(
    nav,
    PARTS.map(([name, label, icon]) => ({
      href: name ? `/admin/${name}` : "/admin",
      label,
      icon,
      current: name === now,
    })),
  );
  const part = PARTS.find(([name]) => name === now)?.[3] ?? installationPart;
  const fill = async () => {
    try {
      await part(place, ctx, bag);
    } catch (error) {
      if (!ctx.signal.aborted) replace(place, problemBox(asProblem(error), fill));
    }
  };
  await fill();
  return bag.dispose;
}

/** Everybody's tasks. @type {Part} */
async function tasksPart(place, ctx) {
  await loadStyles("board");
  const nothing = () => empty({ icon: "tasks", title: "Nobody has any tasks" });
  const list = taskList(ctx, { scope: "all" }, { empty: nothing });
  replace(place, list.element);
  await list.load();
}

export default { title: "Installation", mount };
