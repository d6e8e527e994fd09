// @ts-check
/** What is kept of oneself: put together by a job, saved as a file, and erased. */
import { append, h, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { Problem, asProblem } from "../core/problem.js";
import { size } from "../core/text.js";
import { exactly, timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { openForm } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { toast } from "../ui/toast.js";
import { ENDED } from "./job.js";
import { saveBlob } from "./output.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("../core/live.js").LiveEvent} LiveEvent */
/**
 * @typedef {object} ExportJob
 * @property {number} id
 * @property {string} status
 * @property {number | null} progress
 * @property {string | null} progress_message
 * @property {{ message: string } | null} error
 * @property {string | null} finished_at
 * @property {{ size: number, deleted_at: string } | null} result
 */

const WHAT = "JSON of each kind, and your files, as a zip.";

/** @param {Context} ctx */
export function ownDataPart(ctx) {
  return h(
    "div",
    { class: "rows" },
    new Export(ctx).element,
    row(
      "Erase the account",
      "What is yours alone is deleted; what belongs to a project stays, without your name. This can’t be undone.",
      button("Erase it", () => erase(ctx), { look: "danger" }),
    ),
  );
}

/** The export that is kept, or is being made: ordered, followed, and saved. */
class Export {
  #sub = h("div", { class: "row-sub", role: "status" }, WHAT);
  #end = h("div", { class: "row-end" });
  #following = 0;

  /** @param {Context} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    const main = h(
      "div",
      { class: "row-main" },
      h("div", { class: "row-title" }, "Everything kept about you"),
      this.#sub,
    );
    this.element = h("div", { class: "row row-wrap" }, main, this.#end);
    void this.#find();
  }

  /** Show how the last one is. */
  async #find() {
    try {
      const query = { type: "export", limit: 1 };
      const { data } = await this.ctx.api.get("jobs", { query, signal: this.ctx.signal });
      const [last] = data.items;
      if (last) await this.#follow(last.id);
      else this.#offer(WHAT);
    } catch (error) {
      if (!this.ctx.signal.aborted) this.#offer(asProblem(error).message);
    }
  }

  async #order() {
    const { data } = await this.ctx.api.post("auth/me/export", { idempotent: true, signal: this.ctx.signal });
    await this.#follow(data.id);
  }

  /** @param {number} id of a job */
  async #follow(id) {
    this.#following = id;
    const look = oneAtATime(async () => {
      const { data } = await this.ctx.api.get(`jobs/${id}`, { signal: this.ctx.signal });
      if (this.#following === id) this.#draw(data);
      if (ENDED.has(data.status)) following.close();
    });
    const again = () => void look().catch(() => {});
    const hear = (/** @type {LiveEvent} */ { type, data }) => {
      if (type === "job.progressed") this.#say(data.progress, data.message);
      else again();
    };
    const following = this.ctx.live.subscribe(`job:${id}`, hear, { onGap: again });
    this.ctx.signal.addEventListener("abort", following.close);
    await loadFollowed(following, look);
  }

  /** @param {ExportJob} job */
  #draw(job) {
    if (!ENDED.has(job.status)) return this.#say(job.progress ?? 0, job.progress_message ?? "");
    const made = job.result;
    if (job.status !== "succeeded" || !made) return this.#offer(job.error?.message ?? WHAT);
    if (Date.parse(made.deleted_at) < Date.now()) return this.#offer(WHAT);
    const until = `, kept until ${exactly(made.deleted_at)}.`;
    replace(this.#sub, `${size(made.size)}, made `, timeOf(job.finished_at ?? ""), until);
    replace(
      this.#end,
      button("Download", () => take(this.ctx), { look: "primary" }),
    );
    append(
      this.#end,
      button("Export again", () => this.#order()),
    );
  }

  /** @param {number} progress @param {string} doing */
  #say(progress, doing) {
    replace(this.#sub, `Being put together: ${Math.round(progress * 100)} %${doing ? `, ${doing}` : ""}`);
    replace(this.#end);
  }

  /** @param {string} text */
  #offer(text) {
    replace(this.#sub, text);
    replace(
      this.#end,
      button("Export", () => this.#order()),
    );
  }
}

/** @param {string} title @param {string} sub @param {HTMLElement} act */
function row(title, sub, act) {
  const main = h(
    "div",
    { class: "row-main" },
    h("div", { class: "row-title" }, title),
    h("div", { class: "row-sub" }, sub),
  );
  return h("div", { class: "row row-wrap" }, main, act);
}

function passwordField() {
  return field("password", "Your password", {
    type: "password",
    hint: "Not needed if you have just signed in.",
    attributes: { autocomplete: "current-password" },
  });
}

/** @param {Context} ctx */
function take(ctx) {
  openForm({
    title: "Download everything kept about you",
    submit: "Download",
    fields: [passwordField()],
    async save({ password }) {
      const body = password ? { password } : {};
      saveBlob(await ctx.api.blob("auth/me/export/download", { method: "POST", body }), `collab-${ctx.user.id}.zip`);
      toast.done("The file is saved.");
    },
  });
}

function notTheirs() {
  const detail = "This is not the address of your account.";
  return new Problem(422, { detail, errors: [{ detail, pointer: "#/word" }] });
}

/** @param {Context} ctx */
function erase(ctx) {
  openForm({
    title: "Erase the account",
    intro: "You are signed out at once, and all that is yours is gone within minutes. This can’t be undone.",
    submit: "Erase it for good",
    fields: [
      field("word", `Write ${ctx.user.email}`, { attributes: { autocomplete: "off", required: true } }),
      field("take_projects", "Projects that only you own, others in them or not", {
        type: "select",
        choices: [
          ["no", "Stay: first make somebody an owner"],
          ["yes", "Go with me"],
        ],
      }),
      passwordField(),
    ],
    async save({ word, take_projects, password }) {
      if (word.trim().toLowerCase() !== ctx.user.email) throw notTheirs();
      const body = { take_projects: take_projects === "yes", ...(password ? { password } : {}) };
      await ctx.api.delete("auth/me", { body });
      await ctx.session.signOut();
    },
  });
}
