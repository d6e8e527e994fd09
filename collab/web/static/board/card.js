// @ts-check
/** A task as a card of the board. */
import { h } from "../core/dom.js";
import { exactly } from "../core/time.js";
import { avatar } from "../ui/avatar.js";
import { iconButton } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { icon } from "../ui/icons.js";
import { menuAt } from "../ui/menu.js";
import { COLUMNS, columnName, isLate } from "./model.js";

/** @typedef {import("./model.js").Task} Task */
/** @typedef {{ id: number, name: string }} Person */

/** @type {Record<string, [string, string]>} */
const PRIORITY_LOOKS = { urgent: ["Urgent", "wrong"], high: ["High", "busy"], low: ["Low", "neutral"] };

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/**
 * @param {Task} task
 * @param {{ href: string, person: Person | undefined, writes: boolean, move: (status: string) => void }} options
 */
export function cardOf(task, { href, person, writes, move }) {
  const link = h("a", { class: "card-link", href, dir: "auto", draggable: "false" }, task.title);
  const marks = [priorityChip(task), ...task.tags.slice(0, 4).map((tag) => chip(`#${tag}`)), dueChip(task)].filter(
    Boolean,
  );
  const card = h(
    "li",
    { class: "card", data: { task: task.id } },
    h("div", { class: "card-top" }, link, writes ? moveMenu(task, move) : null),
    marks.length || person
      ? h(
          "div",
          { class: "card-foot" },
          h("span", { class: "chips" }, marks),
          person ? avatar(person, { size: "small" }) : null,
        )
      : null,
  );
  if (writes) link.setAttribute("aria-describedby", "board-help");
  return card;
}

/** What a card would look like without its content's help: equal tasks need no new element. @param {Task} task @param {Person | undefined} person */
export function signature(task, person) {
  return JSON.stringify([task.title, task.priority, task.tags, task.due_at, task.status, person?.name, isLate(task)]);
}

/** @param {Task} task */
function priorityChip(task) {
  const look = PRIORITY_LOOKS[task.priority];
  return look ? chip(look[0], look[1]) : null;
}

/** @param {Task} task */
function dueChip(task) {
  if (!task.due_at) return null;
  const late = isLate(task);
  const made = chip("", late ? "wrong" : "neutral");
  made.title = `Due ${exactly(task.due_at)}`;
  made.append(icon("calendar", 12), `${late ? "Late: " : ""}${day.format(new Date(task.due_at))}`);
  return made;
}

/** Moving without dragging (WCAG 2.5.7). @param {Task} task @param {(status: string) => void} move */
function moveMenu(task, move) {
  const opener = iconButton("more", `Move ${task.title}`, () => {}, { class: "card-more" });
  return menuAt(opener, () =>
    COLUMNS.filter(([status]) => status !== task.status).map(([status]) => ({
      label: `Move to ${columnName(status)}`,
      icon: "right",
      run: () => move(status),
    })),
  );
}
