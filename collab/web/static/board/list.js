// @ts-check
/** Tasks as a list of rows: what is mine to do, and the admin's list of all. */
import { h } from "../core/dom.js";
import { timeOf } from "../core/time.js";
import { chip } from "../ui/chips.js";
import { pagedList } from "../ui/paged.js";
import { columnName, isLate } from "./model.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("./model.js").Task} Task */

/** @type {Record<string, string>} */
const STATUS_LOOKS = { doing: "busy", blocked: "wrong", done: "good" };

/**
 * @param {Context} ctx
 * @param {Record<string, any>} query of `GET tasks`
 * @param {{ empty: () => HTMLElement, aside?: (task: Task) => HTMLElement | null }} options
 */
export function taskList(ctx, query, { empty, aside }) {
  return pagedList(ctx, "tasks", {
    query: () => ({ limit: 50, ...query }),
    row: (one) => taskRow(one, aside?.(one) ?? null),
    nothing: empty,
    class: "task-list",
  });
}

/** Where a task is shown. @param {{ id: number, project_id: number | null }} task */
export function placeOfTask(task) {
  return task.project_id ? `/projects/${task.project_id}/board/${task.id}` : `/tasks/${task.id}`;
}

/** @param {Task} task @param {HTMLElement | null} aside */
function taskRow(task, aside) {
  const late = isLate(task);
  const due = task.due_at
    ? h("span", { class: late ? "time time-late" : "time" }, late ? "late, " : "due ", timeOf(task.due_at, ""))
    : null;
  return h(
    "a",
    { class: "row row-wrap", href: placeOfTask(task) },
    h("span", { class: "row-main row-title", dir: "auto" }, task.title),
    aside,
    task.priority === "urgent" || task.priority === "high"
      ? chip(task.priority, task.priority === "urgent" ? "wrong" : "busy")
      : null,
    due,
    chip(columnName(task.status), STATUS_LOOKS[task.status]),
  );
}
