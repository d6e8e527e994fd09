// @ts-check
/** The columns as they are drawn: brought to what the board has, so that focus and scrolling stay. */
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { button } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";
import { cardOf, signature } from "./card.js";
import { COLUMNS, columnName } from "./model.js";

/** @typedef {import("./model.js").Task} Task */
/** @typedef {{ id: number, name: string }} Person */
/**
 * @typedef {object} Source
 * @property {() => boolean} writes
 * @property {(status: string) => Task[]} shown the tasks of a column that match, in order
 * @property {(status: string) => boolean} hasMore whether the server has more of a column
 * @property {(status: string) => Promise<void>} more fetches them
 * @property {() => boolean} filtered
 * @property {(id: number | null) => Person | undefined} person
 * @property {(id: number) => string} href
 * @property {(id: number, status: string) => void} move to the end of another column
 * @property {(title: string, status: string) => Promise<void>} create
 */

/** Milliseconds between two looks whether the hand that holds a card is free. */
const HELD = 200;

export class Columns {
  element = h("div", { class: "board", role: "group", "aria-label": "Board" });
  /** Whether the columns were made for somebody who writes. @type {boolean | null} */
  #made = null;

  /** @param {Source} source */
  constructor(source) {
    this.source = source;
    replace(
      this.element,
      COLUMNS.map(([, name]) => h("section", { class: "column" }, h("h2", {}, name), skeleton(2))),
    );
  }

  /** Draw what has changed; a card in somebody's hand is waited for. */
  draw() {
    if (this.element.querySelector(".card-held, .card-lifted")) return void setTimeout(() => this.draw(), HELD);
    if (this.#made !== this.source.writes()) {
      this.#made = this.source.writes();
      replace(
        this.element,
        COLUMNS.map(([status, name]) => this.#column(status, name)),
      );
    }
    for (const [status] of COLUMNS) this.#bring(status);
  }

  /** Put the cursor where a task is written. @param {string} status */
  focusNew(status) {
    /** @type {HTMLElement | null} */ (
      this.element.querySelector(`.column-new[data-status="${status}"] input`)
    )?.focus();
  }

  /** @param {string} status @param {string} name */
  #column(status, name) {
    const fetch = () => this.source.more(status).then(() => this.draw());
    return h(
      "section",
      { class: "column", data: { column: status } },
      h("h2", {}, name, " ", h("span", { class: "column-count" })),
      h("ul", { class: "column-cards", data: { status }, "aria-label": name }),
      h("div", { class: "column-empty" }),
      button("Show more", fetch, { look: "quiet", class: "column-more" }),
      this.source.writes() ? this.#newTask(status) : null,
    );
  }

  /** @param {string} status */
  #bring(status) {
    const column = /** @type {HTMLElement} */ (this.element.querySelector(`[data-column="${status}"]`));
    const part = (/** @type {string} */ name) =>
      /** @type {HTMLElement} */ (column.querySelector(`:scope > ${name}, :scope > h2 > ${name}`));
    const tasks = this.source.shown(status);
    const more = this.source.hasMore(status);
    part(".column-count").textContent = more ? `${tasks.length}+` : String(tasks.length);
    part(".column-more").hidden = !more;
    replace(part(".column-empty"), tasks.length ? null : this.#nothing(status));
    this.#fill(part(".column-cards"), tasks);
  }

  /** @param {string} status */
  #nothing(status) {
    if (this.source.filtered()) return h("p", { class: "quiet" }, "Nothing that matches");
    if (status !== "todo") return h("p", { class: "quiet" }, "Empty");
    const text = this.source.writes() ? "Write the first task below." : "Tasks stand here.";
    return empty({ icon: "tasks", title: "Nothing to do yet", text });
  }

  /** @param {HTMLElement} list @param {Task[]} tasks */
  #fill(list, tasks) {
    const old = new Map(
      [...list.children].map((one) => [one.getAttribute("data-task"), /** @type {HTMLElement} */ (one)]),
    );
    const wanted = tasks.map((task) => this.#card(task, old.get(String(task.id))));
    wanted.forEach((card, index) => {
      if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
    });
    while (list.children.length > wanted.length) list.lastElementChild?.remove();
  }

  /** A card that is right already, or a new one, with the focus of the old. @param {Task} task @param {HTMLElement | undefined} known */
  #card(task, known) {
    const { source } = this;
    const person = source.person(task.assignee_id);
    const sign = signature(task, person);
    if (known?.dataset["sign"] === sign) return known;
    const move = (/** @type {string} */ status) => source.move(task.id, status);
    const made = cardOf(task, { href: source.href(task.id), person, writes: source.writes(), move });
    made.dataset["sign"] = sign;
    if (known?.contains(document.activeElement)) queueMicrotask(() => made.querySelector("a")?.focus());
    return made;
  }

  /** @param {string} status */
  #newTask(status) {
    const label = `New task in ${columnName(status)}`;
    const props = { class: "input", maxlength: 200, placeholder: "New task", "aria-label": label, dir: "auto" };
    const input = h("input", props);
    const form = h("form", { class: "column-new", data: { status } }, input);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const title = input.value.trim();
      if (!title) return;
      input.value = "";
      try {
        await this.source.create(title, status);
      } catch (error) {
        input.value = title;
        toast.problem(asProblem(error));
      }
    });
    return form;
  }
}
