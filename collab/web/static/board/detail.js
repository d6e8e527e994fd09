// @ts-check
/** One task, whole, in a sheet at the side: each part is changed where it stands, and saved at once. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { timeOf } from "../core/time.js";
import { button, iconButton } from "../ui/button.js";
import { openDialog } from "../ui/dialog.js";
import { problemBox } from "../ui/empty.js";
import { select } from "../ui/field.js";
import { markdown } from "../ui/markdown.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";
import { commentsOf } from "./comments.js";
import { withMentions } from "./mention.js";
import { COLUMNS, PRIORITIES } from "./model.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("./model.js").Task} Task */
/** @typedef {{ id: number, name: string, email?: string }} Person */

/**
 * Open a task; `changed` gets it as it is after each change, `closed` is called when the sheet is.
 * @param {Context} ctx
 * @param {number} id
 * @param {{ people: () => Person[], writes: boolean, changed: (task: Task) => void, removed: (id: number) => void, closed: () => void }} hooks
 * @returns {{ close: () => void, refresh: () => Promise<void>, said: () => Promise<void> }}
 */
export function openTask(ctx, id, hooks) {
  const body = h("div", { class: "task" }, skeleton(4));
  const dialog = openDialog({ title: "Task", body: [body], side: true });
  const comments = commentsOf(ctx, id, hooks);
  const parts = new Parts(ctx, id, hooks, dialog.close);
  /** @type {() => Promise<void>} */
  const refresh = oneAtATime(async () => {
    try {
      const { data, etag } = await ctx.api.get(`tasks/${id}`, { signal: ctx.signal });
      if (!parts.element.isConnected) replace(body, parts.element, comments.element);
      parts.show(data, etag);
    } catch (error) {
      if (!ctx.signal.aborted) replace(body, problemBox(asProblem(error), refresh));
    }
  });
  ctx.signal.addEventListener("abort", dialog.close);
  void dialog.closed.then(hooks.closed);
  void refresh();
  void comments.load();
  return { close: dialog.close, refresh, said: comments.load };
}

/** The task's own parts; what somebody is writing in is not replaced under their hands. */
class Parts {
  /** @type {string | null} */
  #etag = null;
  #title;
  #text = h("div", { class: "task-text" });
  #facts = h("dl", { class: "task-facts" });
  #foot = h("div", { class: "task-foot" });
  #writing = false;

  /**
   * @param {Context} ctx
   * @param {number} id
   * @param {{ people: () => Person[], writes: boolean, changed: (task: Task) => void, removed: (id: number) => void }} hooks
   * @param {() => void} close
   */
  constructor(ctx, id, hooks, close) {
    this.ctx = ctx;
    this.path = `tasks/${id}`;
    this.hooks = hooks;
    this.close = close;
    const readOnly = !hooks.writes;
    this.#title = h("textarea", {
      class: "task-title",
      rows: 1,
      maxlength: 200,
      "aria-label": "Title",
      dir: "auto",
      readonly: readOnly,
    });
    this.#title.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.#title.blur();
    });
    this.#title.addEventListener(
      "change",
      () => void this.save({ title: this.#title.value.trim() || this.task?.title }),
    );
    this.element = h("div", { class: "task-parts" }, this.#title, this.#facts, this.#text, this.#foot);
  }

  /** @param {Task} task @param {string | null} etag */
  show(task, etag) {
    this.task = task;
    this.#etag = etag;
    if (document.activeElement !== this.#title) this.#title.value = task.title;
    if (!this.#facts.contains(document.activeElement)) replace(this.#facts, this.#rows(task));
    if (!this.#writing) this.#read(task);
    const made = h("span", { class: "quiet" }, "Made ", timeOf(task.created_at), ", changed ", timeOf(task.updated_at));
    replace(
      this.#foot,
      made,
      this.hooks.writes ? iconButton("trash", "Delete the task", () => this.#remove(task)) : null,
    );
  }

  /**
   * Save some members. With `whole` only if nobody changed the task meanwhile: a text would be lost.
   * @param {Record<string, any>} changes
   * @param {{ whole?: boolean }} [options]
   */
  async save(changes, { whole = false } = {}) {
    try {
      const { data, etag } = await this.ctx.api.patch(this.path, { body: changes, etag: whole ? this.#etag : null });
      this.show(data, etag);
      this.hooks.changed(data);
      return true;
    } catch (error) {
      toast.problem(asProblem(error));
      return false;
    }
  }

  /** @param {Task} task */
  #rows(task) {
    const { people, writes } = this.hooks;
    /** @type {[string, string][]} */
    const who = [
      ["", "Nobody"],
      ...people().map((one) => /** @type {[string, string]} */ ([String(one.id), one.name])),
    ];
    const assignee = String(task.assignee_id ?? "");
    if (!who.some(([id]) => id === assignee)) who.push([assignee, "Former member"]);
    const pick = (
      /** @type {string} */ label,
      /** @type {[string, string][]} */ choices,
      /** @type {string} */ value,
      /** @type {(value: string) => any} */ change,
    ) => {
      const made = select(choices, value, { "aria-label": label, disabled: !writes });
      made.addEventListener("change", () => void this.save(change(made.value)));
      return fact(label, made);
    };
    return [
      pick("Status", COLUMNS, task.status, (status) => ({ status })),
      pick("Assigned to", who, assignee, (id) => ({ assignee_id: id ? Number(id) : null })),
      pick("Priority", PRIORITIES, task.priority, (priority) => ({ priority })),
      fact("Due", this.#due(task)),
      fact("Tags", this.#tags(task)),
    ];
  }

  /** A day, which ends in the reader's own zone. @param {Task} task */
  #due(task) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    const value = task.due_at ? localDay(new Date(task.due_at)) : "";
    const input = h("input", {
      class: "input",
      type: "date",
      value,
      "aria-label": "Due",
      disabled: !this.hooks.writes,
    });
    input.addEventListener("change", () => {
      const due = input.value ? { due_at: input.value, due_zone: zone } : { due_at: null };
      void this.save(due);
    });
    return input;
  }

  /** @param {Task} task */
  #tags(task) {
    const value = task.tags.join(", ");
    const props = {
      value,
      placeholder: "ui, docs",
      "aria-label": "Tags, separated by commas",
      disabled: !this.hooks.writes,
    };
    const input = h("input", { class: "input", ...props });
    input.addEventListener("change", () => {
      const tags = input.value
        .split(",")
        .map((one) => one.trim().replace(/^#/, ""))
        .filter(Boolean);
      void this.save({ tags });
    });
    return input;
  }

  /** @param {Task} task */
  #read(task) {
    const people = this.hooks.people();
    const shown = task.description
      ? markdown(task.description, { people })
      : h("p", { class: "quiet" }, "No description");
    const edit = button(task.description ? "Edit the description" : "Describe it", () => this.#write(task), {
      look: "quiet",
      icon: "edit",
    });
    replace(this.#text, shown, this.hooks.writes ? edit : null);
  }

  /** @param {Task} task */
  #write(task) {
    this.#writing = true;
    const input = h("textarea", {
      class: "input",
      rows: 8,
      value: task.description,
      "aria-label": "Description",
      dir: "auto",
    });
    const end = () => {
      this.#writing = false;
      if (this.task) this.#read(this.task);
    };
    const save = async () => {
      const saved = await this.save({ description: input.value }, { whole: true });
      if (saved) return end();
      // It is kept in the field; with what is there now beside, saving again is their decision.
      const { data, etag } = await this.ctx.api.get(this.path);
      this.show(data, etag);
    };
    const foot = h(
      "div",
      { class: "form-foot" },
      button("Cancel", end, { look: "quiet" }),
      button("Save", save, { look: "primary" }),
    );
    replace(
      this.#text,
      withMentions(input, this.hooks.people),
      h("p", { class: "field-hint" }, "Markdown; @ mentions somebody"),
      foot,
    );
    input.focus();
  }

  /** @param {Task} task */
  #remove(task) {
    this.close();
    this.hooks.removed(task.id);
    toast.undoable({
      text: `“${task.title}” is deleted.`,
      revert: () => this.hooks.changed(task),
      commit: async (options) => void (await this.ctx.api.delete(this.path, options)),
    });
  }
}

/** @param {string} label @param {HTMLElement} value */
function fact(label, value) {
  return h("div", {}, h("dt", {}, label), h("dd", {}, value));
}

/** @param {Date} time */
function localDay(time) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}
