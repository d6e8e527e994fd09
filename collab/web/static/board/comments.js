// @ts-check
/** What people say about a task: read, written, changed and taken back. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { timeOf } from "../core/time.js";
import { avatar } from "../ui/avatar.js";
import { button, iconButton } from "../ui/button.js";
import { problemBox } from "../ui/empty.js";
import { markdown } from "../ui/markdown.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";
import { withMentions } from "./mention.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ id: number, task_id: number, author_id: number, body: string, created_at: string, updated_at: string }} Comment */
/** @typedef {{ id: number, name: string, email?: string }} Person */

/**
 * @param {Context} ctx
 * @param {number} taskId
 * @param {{ people: () => Person[], writes: boolean }} options
 * @returns {{ element: HTMLElement, load: () => Promise<void> }}
 */
export function commentsOf(ctx, taskId, { people, writes }) {
  const list = h("ol", { class: "comments" });
  const place = h("div", {}, skeleton(2));
  const element = h("section", { class: "comments-part" }, h("h3", {}, "Comments"), place);
  const path = `tasks/${taskId}/comments`;
  if (writes) element.append(form(ctx, path, people, () => load()));

  /** @type {() => Promise<void>} */
  const load = oneAtATime(async () => {
    try {
      const found = /** @type {Comment[]} */ (await ctx.api.all(path, { signal: ctx.signal }));
      replace(
        list,
        found.map((one) => commentRow(ctx, one, people, load)),
      );
      replace(
        place,
        found.length ? list : h("p", { class: "quiet" }, writes ? "Nobody has said anything yet." : "No comments."),
      );
    } catch (error) {
      if (!ctx.signal.aborted) replace(place, problemBox(asProblem(error), load));
    }
  });
  return { element, load };
}

/** @param {Person[]} people @param {number} id */
function personOf(people, id) {
  return people.find((one) => one.id === id) ?? { id, name: "Former member" };
}

/** @param {Context} ctx @param {Comment} one @param {() => Person[]} people @param {() => Promise<void>} load */
function commentRow(ctx, one, people, load) {
  const author = personOf(people(), one.author_id);
  const text = h("div", { class: "comment-text" }, markdown(one.body, { people: people() }));
  const edited =
    Date.parse(one.updated_at) - Date.parse(one.created_at) >= 1000 ? h("span", { class: "quiet" }, "edited") : null;
  const row = h(
    "li",
    { class: "comment" },
    avatar(author, { decorative: true }),
    h(
      "div",
      { class: "comment-main" },
      h("div", { class: "comment-head" }, h("b", { dir: "auto" }, author.name), timeOf(one.created_at), edited),
      text,
    ),
  );
  if (one.author_id !== ctx.user.id && ctx.project?.role !== "owner") return row;
  const path = `tasks/${one.task_id}/comments/${one.id}`;
  const actions = h("div", { class: "comment-actions" });
  if (one.author_id === ctx.user.id)
    actions.append(iconButton("edit", "Edit the comment", () => edit(ctx, path, one, text, people, load)));
  actions.append(iconButton("trash", "Delete the comment", () => remove(ctx, path, row)));
  row.append(actions);
  return row;
}

/** @param {Context} ctx @param {string} path @param {HTMLElement} row */
function remove(ctx, path, row) {
  row.hidden = true;
  toast.undoable({
    text: "The comment is deleted.",
    revert: () => (row.hidden = false),
    commit: async (options) => void (await ctx.api.delete(path, options)),
  });
}

/** @param {Context} ctx @param {string} path @param {Comment} one @param {HTMLElement} text @param {() => Person[]} people @param {() => Promise<void>} load */
function edit(ctx, path, one, text, people, load) {
  const input = h("textarea", { class: "input", rows: 3, value: one.body, "aria-label": "Comment" });
  const save = async () => {
    await ctx.api.patch(path, { body: { body: input.value } });
    await load();
  };
  const cancel = () => replace(text, markdown(one.body, { people: people() }));
  const foot = h(
    "div",
    { class: "form-foot" },
    button("Cancel", cancel, { look: "quiet" }),
    button("Save", save, { look: "primary" }),
  );
  replace(text, withMentions(input, people), foot);
  input.focus();
}

/** @param {Context} ctx @param {string} path @param {() => Person[]} people @param {() => Promise<void>} done */
function form(ctx, path, people, done) {
  const input = h("textarea", {
    class: "input",
    rows: 2,
    placeholder: "Say something; @ mentions somebody",
    "aria-label": "New comment",
  });
  const send = async () => {
    if (!input.value.trim()) return input.focus();
    await ctx.api.post(path, { body: { body: input.value }, idempotent: true });
    input.value = "";
    await done();
  };
  const submit = button("Comment", send, { look: "primary" });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
    event.preventDefault();
    submit.click();
  });
  return h("div", { class: "comment-form" }, withMentions(input, people), h("div", { class: "form-foot" }, submit));
}
