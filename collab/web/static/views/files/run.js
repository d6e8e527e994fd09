// @ts-check
/** A program that is run: what it writes as it comes, how far it is, how it ended, and a way to stop it. */
import { h, replace } from "../../core/dom.js";
import { asProblem } from "../../core/problem.js";
import { button, iconButton } from "../../ui/button.js";

/** Units of output that are shown: of more, the first ones. */
const MOST_SHOWN = 200_000;
const OVER = new Set(["succeeded", "failed", "cancelled", "dead"]);
/** @type {Record<string, string>} */
const LOOKS = {
  succeeded: "chip-good",
  failed: "chip-wrong",
  dead: "chip-wrong",
  cancelled: "",
  running: "chip-busy",
  queued: "chip-busy",
};

export class Run {
  /** @type {number | null} */
  #job = null;
  #length = 0;
  /** @type {() => void} */
  #unfollow = () => {};

  /** @param {import("../../core/context.js").Context} ctx @param {() => Promise<void>} settle waits until the server has the text */
  constructor(ctx, settle) {
    this.ctx = ctx;
    this.settle = settle;
    this.state = h("span", { class: "chip", role: "status" }, "");
    this.bar = h("progress", { class: "run-bar", "aria-label": "Progress", hidden: true });
    this.output = h("pre", { class: "run-output", tabindex: 0, role: "log", "aria-label": "Output" });
    this.stdin = h("textarea", {
      class: "input run-stdin",
      rows: 2,
      placeholder: "What the program reads (stdin)",
      "aria-label": "Standard input",
      spellcheck: "false",
    });
    this.stop = button("Stop", () => this.#cancel(), { icon: "stop" });
    this.again = button("Run again", () => this.start(), { icon: "play" });
    const input = h("details", { class: "run-input" }, h("summary", {}, "Input"), this.stdin);
    const head = h(
      "div",
      { class: "run-head" },
      h("h2", { class: "run-title" }, "Run"),
      this.state,
      this.bar,
      h("span", { class: "run-space" }),
      this.stop,
      this.again,
    );
    head.append(iconButton("close", "Close the output", () => this.close()));
    this.element = h("section", { class: "run", "aria-label": "Run", hidden: true }, head, input, this.output);
  }

  async start() {
    this.element.hidden = false;
    this.#begin();
    try {
      await this.settle();
      const body = this.stdin.value ? { stdin: this.stdin.value } : {};
      const { data } = await this.ctx.api.post(`files/${this.ctx.params["file"]}/run`, { body, idempotent: true });
      this.#follow(data);
    } catch (error) {
      const problem = asProblem(error);
      this.#tell("failed", "Not run");
      this.#write("stderr", `${problem.message} ${problem.wayOn}\n`);
    }
  }

  #begin() {
    this.#unfollow();
    [this.#job, this.#length] = [null, 0];
    this.output.replaceChildren();
    this.#tell("queued", "Starting");
  }

  /** @param {any} job */
  #follow(job) {
    this.#job = job.id;
    // From its first event on: nothing that it wrote before we listened is missed.
    const following = this.ctx.live.subscribe(`job:${job.id}`, (event) => this.#hear(event), {
      after: 0,
      onGap: () => void this.#load(),
    });
    following.ready.catch(() => {});
    this.#unfollow = following.close;
  }

  /** @param {import("../../core/live.js").LiveEvent} event */
  #hear({ type, data }) {
    if (data.job_id !== undefined && data.job_id !== this.#job) return;
    if (type === "job.started") this.#tell("running", "Running");
    else if (type === "job.output") this.#write(data.stream, data.text);
    else if (type === "job.progressed") this.#progress(data.progress, data.message);
    else if (type === "job.cancel_requested") this.#tell("running", "Stopping");
    else if (OVER.has(type.slice(4))) void this.#load();
  }

  /** Read how it ended. */
  async #load() {
    const { data: job } = await this.ctx.api.get(`jobs/${this.#job}`, { signal: this.ctx.signal });
    if (job.id !== this.#job || !OVER.has(job.status)) return;
    if (this.#length === 0 && job.result)
      [this.#write("stdout", job.result.stdout ?? ""), this.#write("stderr", job.result.stderr ?? "")];
    const exit = job.result?.exit_code;
    const words = { succeeded: "Done", failed: "Failed", cancelled: "Stopped", dead: "Failed" }[
      /** @type {"failed"} */ (job.status)
    ];
    if (exit && job.status === "succeeded") this.#tell("failed", `Ended with exit code ${exit}`);
    else this.#tell(job.status, exit ? `${words}: exit code ${exit}` : (words ?? job.status));
    if (job.error && !(exit && job.result?.stderr)) this.#write("stderr", `${job.error.message}\n`);
    if (this.#length === 0) this.output.append(h("span", { class: "quiet" }, "It wrote nothing."));
    const left = job.result?.files_left_out;
    const missed = left
      ? `It did not see ${left} files of this workspace: there are too many, or they are too large.`
      : "";
    for (const words of [job.result?.hint, missed])
      if (words) this.output.append(h("span", { class: "quiet" }, `\n${words}`));
    this.#unfollow();
  }

  /** @param {string} stream @param {string} text */
  #write(stream, text) {
    if (!text || this.#length > MOST_SHOWN) return;
    const low = this.output.scrollTop + this.output.clientHeight > this.output.scrollHeight - 24;
    this.output.append(h("span", { class: `run-${stream === "stderr" ? "stderr" : "stdout"}` }, text));
    this.#length += text.length;
    if (this.#length > MOST_SHOWN) this.output.append(h("span", { class: "quiet" }, "\nThe rest is in the job’s log."));
    if (low) this.output.scrollTop = this.output.scrollHeight;
  }

  /** @param {number} part @param {string} message */
  #progress(part, message) {
    this.bar.hidden = false;
    this.bar.value = part;
    if (message) this.state.textContent = message;
  }

  /** @param {string} status @param {string} words */
  #tell(status, words) {
    const over = OVER.has(status);
    this.state.className = `chip ${LOOKS[status] ?? ""}`;
    this.state.textContent = words;
    this.bar.hidden = over || status === "queued";
    if (status === "running") this.bar.removeAttribute("value");
    this.stop.hidden = over;
    this.again.hidden = !over;
  }

  async #cancel() {
    if (this.#job !== null) await this.ctx.api.post(`jobs/${this.#job}/cancel`, {});
  }

  close() {
    this.element.hidden = true;
    this.dispose();
  }

  dispose() {
    this.#unfollow();
    replace(this.output);
  }
}
