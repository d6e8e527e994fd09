// @ts-check
/** Tasks as a list of rows: what is mine to do, and the admin's list of all. */
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { problemBox } from "../ui/empty.js";
import { skeleton } from "../ui/skeleton.js";
import { columnName, isLate } from "./model.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("./model.js").Task} Task */

/** @type {Record<string, string>} */
const STATUS_LOOKS = { doing: "busy", blocked: "wrong", done: "good" };

/**
 * A list that grows by pages; `load` begins it anew, with another query if one is given.
 * @param {Context} ctx
 * @param {Record<string, any>} query of `GET tasks`
 * @param {{ empty: () => HTMLElement, aside?: (task: Task) => HTMLElement | null }} options
 * @returns {{ element: HTMLElement, load: (query?: Record<string, any>) => Promise<void> }}
 */
export function taskList(ctx, query, { empty, aside }) {
  const rows = h("div", { class: "rows" });
  const more = button("Show more", () => page(), { look: "quiet" });
  const element = h("div", { class: "task-list" }, skeleton(4));
  /** @type {string | null} */
  let cursor = null;
  let now = query;

  async function page() {
    const { data } = await ctx.api.get("tasks", { query: { limit: 50, ...now, cursor }, signal: ctx.signal });
    cursor = data.next_cursor;
    rows.append(...data.items.map((/** @type {Task} */ one) => taskRow(one, aside?.(one) ?? null)));
    more.hidden = !cursor;
  }
  async function load(next = now) {
    now = next;
    cursor = null;
    try {
      replace(rows);
      await page();
      replace(element, rows.childElementCount ? [rows, more] : empty());
    } catch (error) {
      if (!ctx.signal.aborted)
        replace(
          element,
          problemBox(asProblem(error), () => load()),
        );
    }
  }
  return { element, load };
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
    { class: "row", href: placeOfTask(task) },
    h("span", { class: "row-main row-title", dir: "auto" }, task.title),
    aside,
    task.priority === "urgent" || task.priority === "high"
      ? chip(task.priority, task.priority === "urgent" ? "wrong" : "busy")
      : null,
    due,
    chip(columnName(task.status), STATUS_LOOKS[task.status]),
  );
}
