// @ts-check
/** One job: its state and progress as they change, what it writes as it comes, what came of it. */
import { h, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { size } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty, problemBox } from "../ui/empty.js";
import { pageHead, section } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { saveBlob, showReport } from "./output.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @type {Record<string, string>} */
export const LOOKS = {
  succeeded: "good",
  failed: "wrong",
  dead: "wrong",
  running: "busy",
  queued: "neutral",
  scheduled: "neutral",
  cancelled: "neutral",
};
/** States that lists are filtered by. @type {[string, string][]} */
export const STATES = [
  ["queued", "Waiting"],
  ["running", "Running"],
  ["succeeded", "Succeeded"],
  ["failed", "Failed"],
  ["dead", "Dead"],
  ["cancelled", "Cancelled"],
];
/** States that a job has for good. */
export const ENDED = new Set(["succeeded", "failed", "dead", "cancelled"]);
/** Characters of a log that are shown: the end, which is what one waits for. */
const MAX_SHOWN = 200_000;
/** Lines that one look at a log reads. */
const MAX_READ = 2000;

/** @param {HTMLElement} root @param {Context} ctx @param {number} id */
export async function showJob(root, ctx, id) {
  const bag = new Bag();
  const place = h("div", { class: "page" }, skeleton(5));
  root.append(place);
  const view = new JobView(place, ctx, id);
  const following = ctx.live.subscribe(`job:${id}`, (event) => view.happened(event), { onGap: () => void view.load() });
  bag.add(following.close);
  await loadFollowed(following, () => view.load());
  return bag.dispose;
}

class JobView {
  #head = h("div", {});
  #progress = h("div", {});
  #output = h("div", {});
  #log = h("pre", { class: "log", tabindex: 0, role: "log", "aria-label": "Output" });
  #attempts = h("div", {});
  /** The id of the last line that is shown. */
  #lastLine = 0;

  /** @param {HTMLElement} place @param {Context} ctx @param {number} id */
  constructor(place, ctx, id) {
    this.place = place;
    this.ctx = ctx;
    this.id = id;
    this.path = `jobs/${id}`;
  }

  /** @type {() => Promise<void>} */
  load = oneAtATime(async () => {
    try {
      const [{ data }] = await Promise.all([this.ctx.api.get(this.path, { signal: this.ctx.signal }), this.#readOn()]);
      this.job ??= data;
      if (!this.#head.isConnected) this.#build();
      await this.#again(); // that alone says how the job is, so nothing older comes after it
    } catch (error) {
      if (!this.ctx.signal.aborted)
        replace(
          this.place,
          problemBox(asProblem(error), () => this.load()),
        );
    }
  });

  /** @param {import("../core/live.js").LiveEvent} event */
  happened(event) {
    if (event.type === "job.output") void this.#readOn().catch(() => {});
    else if (this.job && event.type === "job.progressed") {
      Object.assign(this.job, { progress: event.data.progress, progress_message: event.data.message });
      this.#drawProgress();
    } else if (this.job) void this.#again().catch(() => {});
  }

  /**
   * Read what it wrote since. An event says only that there is more: what it brings may be in an answer that is under
   * way, or missing there, and lines alone have an id to tell.
   */
  #readOn = oneAtATime(async () => {
    const query = { sort: "-id" };
    const newest = await this.ctx.api.all(`${this.path}/log`, {
      signal: this.ctx.signal,
      query,
      most: MAX_READ,
      until: (line) => line.id <= this.#lastLine,
    });
    this.#say(newest.reverse());
  });

  /** Look again at the job alone: what it wrote is read by itself. */
  #again = oneAtATime(async () => {
    const { data } = await this.ctx.api.get(this.path, { signal: this.ctx.signal });
    this.job = data;
    this.#draw();
    await this.#drawAttempts();
  });

  #build() {
    const log = section("Output", [this.#log]);
    const payload = section("What it was given", [
      h("pre", { class: "log", tabindex: 0 }, JSON.stringify(this.job.payload, null, 2)),
    ]);
    replace(this.place, this.#head, this.#progress, this.#output, log, section("Attempts", [this.#attempts]), payload);
  }

  #draw() {
    const { job } = this;
    const cancel = button("Cancel", () => this.#change("cancel"), { icon: "stop" });
    const retry = button("Run again", () => this.#change("retry"), { icon: "retry" });
    const actions = ENDED.has(job.status) ? (job.status === "succeeded" ? [] : [retry]) : [cancel];
    const exit = job.result?.exit_code;
    const ended = exit ? [chip(`exit code ${exit}`, "wrong"), " "] : [];
    const sub = [
      chip(job.status, LOOKS[job.status]),
      " ",
      ...ended,
      `Job ${job.id}, submitted `,
      timeOf(job.created_at),
    ];
    replace(this.#head, pageHead(job.type.replaceAll("_", " "), { sub, actions }));
    this.#drawProgress();
    const wrong = job.error
      ? h(
          "p",
          { class: "job-wrong", role: "alert" },
          job.error.message ?? job.error.detail ?? JSON.stringify(job.error),
        )
      : null;
    const result = job.result
      ? section("Result", [h("pre", { class: "log", tabindex: 0 }, JSON.stringify(job.result, null, 2))])
      : null;
    replace(this.#output, wrong, job.output ? this.#file(job.output) : null, result);
  }

  #drawProgress() {
    const { job } = this;
    if (job.status !== "running" && !(job.progress > 0 && job.progress < 1)) return replace(this.#progress);
    const bar = h("progress", { class: "progress", max: 1, "aria-label": "Progress" });
    if (job.progress > 0) bar.value = job.progress;
    return replace(this.#progress, bar, h("p", { class: "quiet" }, job.progress_message ?? ""));
  }

  /** What it made; a report opens where it stands. @param {{ content_type: string, filename: string, size: number }} output */
  #file(output) {
    const place = h("div", {});
    const fetch = () => this.ctx.api.blob(`${this.path}/output`);
    const save = button(`Download (${size(output.size)})`, async () => saveBlob(await fetch(), output.filename), {
      icon: "download",
    });
    const opens = output.content_type.startsWith("text/html") || output.content_type.startsWith("image/");
    const show = button("Open it here", async () => showReport(place, await fetch(), output), { look: "primary" });
    return section("What it made", [h("div", { class: "page-actions" }, opens ? show : null, save), place]);
  }

  /** @param {{ id: number, stream: string, text: string }[]} lines */
  #say(lines) {
    const stays = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 24;
    if (lines.length === MAX_READ) replace(this.#log); // what was shown may end long before them
    this.#log.append(...lines.map(lineOf));
    this.#lastLine = lines.at(-1)?.id ?? this.#lastLine;
    while ((this.#log.textContent?.length ?? 0) > MAX_SHOWN) this.#log.firstChild?.remove();
    if (stays) this.#log.scrollTop = this.#log.scrollHeight;
  }

  async #drawAttempts() {
    const all = await this.ctx.api.all(`${this.path}/attempts`, { signal: this.ctx.signal, most: 50 });
    const rows = all.map((one) =>
      h(
        "div",
        { class: "row" },
        h(
          "span",
          { class: "row-main" },
          `Attempt ${one.number}`,
          one.error ? h("span", { class: "row-sub" }, one.error.message ?? "") : null,
        ),
        one.started_at ? timeOf(one.started_at) : null,
        chip(one.outcome ?? "running", LOOKS[one.outcome] ?? "busy"),
      ),
    );
    replace(
      this.#attempts,
      rows.length ? h("div", { class: "rows" }, rows) : empty({ icon: "jobs", title: "It waits for its turn" }),
    );
  }

  /** @param {"cancel" | "retry"} word */
  async #change(word) {
    const { data } = await this.ctx.api.post(`${this.path}/${word}`);
    this.job = data;
    if (word === "retry") await this.load();
    else this.#draw();
  }
}

/** @param {{ stream?: string, text: string }} said */
function lineOf(said) {
  return h("span", { class: said.stream === "stderr" ? "log-wrong" : "" }, said.text);
}
