// @ts-check
/**
 * The tasks of a board, by column, as they are here: pure, so that it can be read and tested alone. Positions
 * are the server's, texts that sort by bytes; a task that is moved here stands at its new place before the
 * server has said which position that is.
 */

/**
 * @typedef {object} Task
 * @property {number} id
 * @property {number | null} project_id
 * @property {number} owner_id
 * @property {string} title
 * @property {string} description
 * @property {string} status
 * @property {string} priority
 * @property {number | null} assignee_id
 * @property {string | null} due_at
 * @property {string} due_zone
 * @property {string[]} tags
 * @property {string} position
 * @property {string} created_at
 * @property {string} updated_at
 */

/** The columns, in order: the server's words, and ours. @type {[string, string][]} */
export const COLUMNS = [
  ["todo", "To do"],
  ["doing", "Doing"],
  ["blocked", "Blocked"],
  ["done", "Done"],
];

/** @type {[string, string][]} */
export const PRIORITIES = [
  ["urgent", "Urgent"],
  ["high", "High"],
  ["normal", "Normal"],
  ["low", "Low"],
];

/** @param {string} status */
export function columnName(status) {
  return COLUMNS.find(([one]) => one === status)?.[1] ?? status;
}

/** @typedef {{ status: string, before?: number, after?: number }} Place where a task goes; without a neighbour, at the end */

export class Board {
  /** @type {Map<number, Task>} */
  tasks = new Map();

  /** @param {Task[]} tasks */
  add(tasks) {
    for (const one of tasks) this.tasks.set(one.id, one);
  }

  /**
   * The tasks of a column, in their order.
   * @param {string} status
   * @returns {Task[]}
   */
  column(status) {
    return [...this.tasks.values()].filter((one) => one.status === status).sort(inOrder);
  }

  /**
   * Take over what an event says of a task; whether it was known.
   * @param {number} id
   * @param {Partial<Task>} changes
   */
  change(id, changes) {
    const known = this.tasks.get(id);
    if (!known) return false;
    this.tasks.set(id, { ...known, ...changes });
    return true;
  }

  /**
   * The request's body for a place in a column; `index` counts without the task itself.
   * @param {number} id
   * @param {string} status
   * @param {number} index
   * @param {Task[]} [shown] the column as it is shown, where a filter hides some of it
   * @returns {Place}
   */
  placeAt(id, status, index, shown = this.column(status)) {
    const others = shown.filter((one) => one.id !== id);
    const next = others[index];
    if (next) return { status, before: next.id };
    const last = others.at(-1);
    return last ? { status, after: last.id } : { status };
  }

  /**
   * Let a task stand at a place before the server has answered; returns what takes it back.
   * @param {number} id
   * @param {Place} place
   * @returns {() => void}
   */
  moveHere(id, place) {
    const before = this.tasks.get(id);
    if (!before) return () => {};
    const moved = { ...before, status: place.status, position: this.#positionAt(id, place) };
    this.tasks.set(id, moved);
    return () => this.tasks.get(id) === moved && this.tasks.set(id, before);
  }

  /**
   * A text that sorts at the place: the neighbour's, with a mark that sorts right after it.
   * @param {number} id
   * @param {Place} place
   */
  #positionAt(id, place) {
    const others = this.column(place.status).filter((one) => one.id !== id);
    const at = place.before ? others.findIndex((one) => one.id === place.before) - 1 : others.length - 1;
    const found = place.after ? others.findIndex((one) => one.id === place.after) : at;
    return found < 0 ? "" : `${others[found]?.position ?? ""}\u0001`;
  }
}

/** @param {Task} one @param {Task} other */
function inOrder(one, other) {
  if (one.position !== other.position) return one.position < other.position ? -1 : 1;
  return one.id - other.id;
}

/** @param {Task} task @param {number} [now] milliseconds */
export function isLate(task, now = Date.now()) {
  return task.due_at !== null && task.status !== "done" && Date.parse(task.due_at) < now;
}
