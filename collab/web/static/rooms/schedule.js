// @ts-check
/** One schedule: when it runs next, what came of its times, and what can be done with it. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { exactly, timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty, problemBox } from "../ui/empty.js";
import { pageHead, section } from "../ui/page.js";
import { pagedList } from "../ui/paged.js";
import { skeleton } from "../ui/skeleton.js";
import { changeSchedule } from "./new-schedule.js";

/** @typedef {import("../core/context.js").Context} Context */

/** How states of schedules and of their runs look. @type {Record<string, string>} */
export const SCHEDULE_LOOKS = { active: "good", succeeded: "good", failed: "wrong", refused: "wrong", running: "busy" };
/** Why a schedule is not active, or a time has passed without a job. @type {Record<string, string>} */
export const REASONS = {
  requested: "somebody paused it",
  account_disabled: "its owner’s account is disabled",
  failures: "it failed very often in a row",
  type_gone: "jobs of its type can’t be run here any more",
  role_lost: "its owner may not make jobs here any more",
  overlap: "the run before had not ended",
  missed: "nothing could run then",
  superseded: "a later one took its place",
  queue_full: "too many waited already",
};

/** The topic on which it is told what happens to it. @param {any} schedule */
export function topicOf(schedule) {
  return schedule.project_id ? `project:${schedule.project_id}` : `user:${schedule.owner_id}`;
}

/** @param {HTMLElement} root @param {Context} ctx @param {number} id @param {string} base */
export async function showSchedule(root, ctx, id, base) {
  const bag = new Bag();
  const place = h("div", { class: "page" }, skeleton(5));
  root.append(place);
  const view = new ScheduleView(place, ctx, id, base);
  await view.load();
  if (view.schedule) {
    const heard = (/** @type {any} */ event) => {
      const ours = event.type.startsWith("schedule.") && event.data.schedule_id === id;
      if (ours && event.type !== "schedule.deleted") void view.load();
    };
    const following = ctx.live.subscribe(topicOf(view.schedule), heard, { onGap: () => void view.load() });
    bag.add(following.close);
    // Only a schedule that is there says where to hear of it: what happened meanwhile is read once that is followed.
    void following.ready.then(
      () => view.load(),
      () => {},
    );
  }
  return bag.dispose;
}

class ScheduleView {
  #head = h("div", {});
  #next = h("div", {});

  /** @param {HTMLElement} place @param {Context} ctx @param {number} id @param {string} base */
  constructor(place, ctx, id, base) {
    this.place = place;
    this.ctx = ctx;
    this.path = `schedules/${id}`;
    this.base = base;
    /** @type {any} */
    this.schedule = null;
    this.jobs = base.replace(/schedules$/, "jobs");
    this.runs = pagedList(ctx, `${this.path}/runs`, {
      query: () => ({ limit: 20 }),
      row: (one) => runRow(one, this.jobs),
      nothing: () => empty({ icon: "calendar", title: "It has not run yet" }),
      more: "Earlier",
    });
  }

  load = oneAtATime(async () => {
    try {
      const { data } = await this.ctx.api.get(this.path, { signal: this.ctx.signal });
      this.schedule = data;
      if (!this.#head.isConnected) this.#build();
      this.#draw();
      await this.runs.load();
    } catch (error) {
      if (this.ctx.signal.aborted) return;
      replace(
        this.place,
        problemBox(asProblem(error), () => this.load()),
      );
    }
  });

  #build() {
    const payload = h("pre", { class: "log", tabindex: 0 }, JSON.stringify(this.schedule.payload, null, 2));
    replace(
      this.place,
      this.#head,
      this.#next,
      section("What came of it", [this.runs.element]),
      section(`What each ${this.schedule.type.replaceAll("_", " ")} is given`, [payload]),
    );
  }

  #draw() {
    const { schedule } = this;
    const why = schedule.reason ? ` (${REASONS[schedule.reason] ?? schedule.reason})` : "";
    const sub = [
      chip(schedule.status, SCHEDULE_LOOKS[schedule.status]),
      ` ${schedule.description}, ${schedule.time_zone}${why}`,
    ];
    replace(this.#head, pageHead(schedule.name ?? "A schedule", { sub, actions: this.#actions() }));
    const next = schedule.next_runs.map((/** @type {string} */ one) => h("li", {}, exactly(one), " · ", timeOf(one)));
    replace(
      this.#next,
      next.length ? section("Next, by your own clock", [h("ul", { class: "next-runs" }, next)]) : null,
    );
  }

  #actions() {
    const remove = button("Delete", () => this.#delete(), { look: "danger" });
    if (this.schedule.status === "ended") return [remove];
    const active = this.schedule.status === "active";
    return [
      button("Run now", () => this.#run(), { look: "primary", icon: "play" }),
      active ? button("Pause", () => this.#change("pause")) : button("Resume", () => this.#change("resume")),
      button("Change", () => changeSchedule(this.ctx, this.schedule, (data) => this.#changed(data))),
      remove,
    ];
  }

  /** @param {any} data */
  #changed(data) {
    this.schedule = data;
    this.#draw();
  }

  /** @param {"pause" | "resume"} word */
  async #change(word) {
    this.#changed((await this.ctx.api.post(`${this.path}/${word}`)).data);
  }

  async #run() {
    await this.ctx.api.post(`${this.path}/run`, { idempotent: true });
    await this.load();
  }

  async #delete() {
    if (!confirm(`Delete “${this.schedule.name}” with its history? The jobs that it made stay.`)) return;
    await this.ctx.api.delete(this.path);
    this.ctx.router.go(this.base);
  }
}

/** @param {any} run @param {string} jobs */
function runRow(run, jobs) {
  const title = run.nominal_at ? exactly(run.nominal_at) : "Run by hand";
  const sub = run.error?.message ?? (run.reason ? (REASONS[run.reason] ?? run.reason) : "");
  const main = h(
    "span",
    { class: "row-main" },
    h("span", { class: "row-title" }, title),
    h("span", { class: "row-sub" }, sub),
  );
  const rest = [timeOf(run.created_at), chip(run.status, SCHEDULE_LOOKS[run.status])];
  return run.job_id
    ? h("a", { class: "row", href: `${jobs}/${run.job_id}`, data: { run: run.id } }, main, ...rest)
    : h("div", { class: "row", data: { run: run.id } }, main, ...rest);
}
