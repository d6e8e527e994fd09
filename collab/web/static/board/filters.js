// @ts-check
/** What of a board is shown: chips that stand in the address, so that a link shows the same. */
import { h, replace } from "../core/dom.js";
import { fold } from "../core/words.js";
import { filterChips } from "../ui/chips.js";
import { button } from "../ui/button.js";
import { select } from "../ui/field.js";
import { isLate, PRIORITIES } from "./model.js";

/** @typedef {import("./model.js").Task} Task */
/** @typedef {{ assignee: string, priority: string, tag: string, overdue: string, q: string }} Filters */
/** @typedef {{ id: number, name: string }} Person */

/** Others that have a chip each; of more, one is chosen from a list. */
const MAX_PERSON_CHIPS = 5;

const NAMES = /** @type {(keyof Filters)[]} */ (["assignee", "priority", "tag", "overdue", "q"]);

/** @param {URLSearchParams} query @returns {Filters} */
export function filtersOf(query) {
  const found = /** @type {Filters} */ ({});
  for (const name of NAMES) found[name] = query.get(name) ?? "";
  return found;
}

/** @param {Filters} filters */
export function isFiltered(filters) {
  return NAMES.some((name) => filters[name]);
}

/**
 * Whether a task is shown: the same rule as the server's list, for what comes live.
 * @param {Task} task
 * @param {Filters} filters
 * @param {number} me
 */
export function matches(task, filters, me) {
  const wanted = filters.assignee === "me" ? String(me) : filters.assignee;
  if (wanted === "none" ? task.assignee_id !== null : wanted && String(task.assignee_id) !== wanted) return false;
  if (filters.priority && task.priority !== filters.priority) return false;
  if (filters.tag && !task.tags.includes(filters.tag)) return false;
  if (filters.overdue && !isLate(task)) return false;
  const text = fold([task.title, task.description, ...task.tags].join(" "));
  return fold(filters.q)
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/**
 * The bar of filters; `changed` is told all of them when one changes.
 * @param {Filters} filters
 * @param {{ people: Person[], tags: string[], me: number }} known
 * @param {(filters: Filters) => void} changed
 */
export function filterBar(filters, { people, tags, me }, changed) {
  const set = (/** @type {Partial<Filters>} */ some) => changed({ ...filters, ...some });
  const one = (/** @type {keyof Filters} */ name) => (/** @type {string[]} */ on) =>
    set({ [name]: on.find((value) => value !== filters[name]) ?? "" });
  const others = people.filter((person) => person.id !== me).map(chipOf);
  const few = others.length <= MAX_PERSON_CHIPS;
  /** @type {[string, string][]} */
  const who = [["me", "Mine"], ["none", "Nobody’s"], ...(few ? others : [])];
  /** @type {[string, string][]} */
  const late = [["true", "Late"]];
  const on = (/** @type {string} */ value) => (value ? [value] : []);
  const bar = h(
    "div",
    { class: "board-filters" },
    searchField(filters.q, (q) => set({ q })),
  );
  const groups = [
    filterChips("Assigned to", who, on(filters.assignee), one("assignee")),
    few ? null : personChoice(others, filters.assignee, (assignee) => set({ assignee })),
    filterChips("Priority", PRIORITIES.slice(0, 2), on(filters.priority), one("priority")),
    filterChips("Due", late, on(filters.overdue), one("overdue")),
    tags.length ? filterChips("Tag", tags.map(tagChip), on(filters.tag), one("tag")) : null,
  ];
  const clear = () => changed({ assignee: "", priority: "", tag: "", overdue: "", q: "" });
  replace(bar, [...bar.children], groups, isFiltered(filters) ? button("Clear", clear, { look: "quiet" }) : null);
  return bar;
}

/** Of many people one is chosen from a list. @param {[string, string][]} others @param {string} value @param {(value: string) => void} changed */
function personChoice(others, value, changed) {
  const choice = select([["", "Somebody’s…"], ...others], others.some(([id]) => id === value) ? value : "", {
    "aria-label": "Assigned to somebody",
    class: "input board-person",
  });
  choice.addEventListener("change", () => changed(choice.value));
  return choice;
}

/** @param {Person} person @returns {[string, string]} */
function chipOf(person) {
  return [String(person.id), person.name];
}

/** @param {string} tag @returns {[string, string]} */
function tagChip(tag) {
  return [tag, `#${tag}`];
}

/** Milliseconds without a key after which the words are looked for. */
const PAUSE = 250;

/** @param {string} value @param {(words: string) => void} changed */
function searchField(value, changed) {
  const input = h("input", {
    class: "input board-search",
    type: "search",
    value,
    placeholder: "Filter",
    "aria-label": "Filter by words",
  });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => changed(input.value.trim()), PAUSE);
  });
  return input;
}
