// @ts-check
/** A project's tasks in columns, live for everybody who looks. */
import { h, loadStyles, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { Columns } from "../board/columns.js";
import { openTask } from "../board/detail.js";
import { makeDraggable } from "../board/drag.js";
import { filterBar, filtersOf, isFiltered, matches } from "../board/filters.js";
import { makeKeyboard } from "../board/keyboard.js";
import { Board, COLUMNS } from "../board/model.js";
import { button } from "../ui/button.js";
import { problemBox } from "../ui/empty.js";
import { pageHead } from "../ui/page.js";
import { shortcuts } from "../ui/shortcuts.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("../core/live.js").LiveEvent} LiveEvent */
/** @typedef {import("../board/model.js").Task} Task */
/** @typedef {import("../board/model.js").Place} Place */
/** @typedef {{ id: number, name: string, email: string }} Person */

/** Tasks of a column that are fetched at first, and with each "more". */
const PAGE = 100;
/** Tags that have a chip. */
const MAX_TAG_CHIPS = 12;

class BoardView {
  #board = new Board();
  /** @type {Person[]} */
  #people = [];
  /** The cursor of each column's next page. @type {Map<string, string | null>} */
  #next = new Map();
  #loads = 0;
  /** Loads of single tasks, which what happens to them asks for. @type {Map<number, () => Promise<void>>} */
  #fetches = new Map();
  /** Tasks that something happened to while all were loaded: what was loaded may be older. @type {Set<number>} */
  #touched = new Set();
  #bag = new Bag();
  #columns;
  #filterPlace = h("div", {});
  #said = h("p", { class: "board-said", role: "status" });
  #actions = h("div", { class: "page-actions" });
  /** @type {ReturnType<typeof openTask> | null} */
  #open = null;
  #openId = 0;

  /** @param {HTMLElement} root @param {Context} ctx */
  constructor(root, ctx) {
    this.ctx = ctx;
    this.id = ctx.params["project"] ?? 0;
    this.filters = filtersOf(ctx.query);
    this.#columns = new Columns(this.#source());
    const help = h("p", { class: "board-said", id: "board-help" }, "Space picks the card up, arrows move it.");
    const head = pageHead("Board", { actions: this.#actions });
    const parts = [head, this.#filterPlace, this.#columns.element, help, this.#said];
    root.append(h("div", { class: "page page-wide board-page" }, parts));
  }

  get writes() {
    return this.ctx.projectStore?.get().role !== "viewer";
  }

  async start() {
    const { ctx } = this;
    const board = this.#columns.element;
    const gap = { onGap: () => void this.load() };
    const following = ctx.live.subscribe(`project:${this.id}`, (event) => this.#happened(event), gap);
    const toNew = { keys: "c", label: "New task", group: "Board", run: () => this.#columns.focusNew("todo") };
    this.#bag.add(following.close, makeDraggable(board, this.#hooks()), makeKeyboard(board, this.#hooks()));
    this.#bag.add(shortcuts(toNew), () => this.#open?.close());
    if (ctx.projectStore) this.#bag.add(ctx.projectStore.subscribe(() => this.#loads && this.draw()));
    await loadFollowed(following, () => this.load());
    this.show(ctx);
    return { dispose: this.#bag.dispose, update: (/** @type {Context} */ now) => this.show(now) };
  }

  /** What the columns are drawn from. @returns {import("../board/columns.js").Source} */
  #source() {
    return {
      writes: () => this.writes,
      shown: (status) => this.#shown(status),
      hasMore: (status) => Boolean(this.#next.get(status)),
      more: (status) => this.#page(status, this.#board, this.#next),
      filtered: () => isFiltered(this.filters),
      person: (id) => this.#people.find((one) => one.id === id),
      href: (id) => `/projects/${this.id}/board/${id}${location.search}`,
      move: (id, status) => void this.#moved(id, status, Infinity),
      create: (title, status) => this.#create(title, status),
    };
  }

  #hooks() {
    return {
      may: () => this.writes,
      dropped: (/** @type {HTMLElement} */ card, /** @type {HTMLElement} */ column, /** @type {number} */ index) =>
        void this.#moved(Number(card.dataset["task"]), column.dataset["status"] ?? "", index),
      say: (/** @type {string} */ words) => (this.#said.textContent = words),
    };
  }

  // -- what there is -------------------------------------------------------------------------------

  /** Fetch people and the first page of each column; of two at once the later one counts. */
  async load() {
    this.#loads += 1;
    const mine = this.#loads;
    const board = new Board();
    this.#touched.clear();
    /** @type {Map<string, string | null>} */
    const next = new Map();
    try {
      const { signal } = this.ctx;
      const [members] = await Promise.all([
        this.ctx.api.all(`projects/${this.id}/members`, { signal }),
        ...COLUMNS.map(([status]) => this.#page(status, board, next)),
      ]);
      if (mine !== this.#loads) return;
      const people = members.filter((/** @type {any} */ one) => one.user_id);
      this.#people = people.map((one) => ({ id: one.user_id, name: one.name, email: one.email }));
      this.#board = board;
      this.#next = next;
      this.#drawFilters();
      this.draw();
      for (const id of this.#touched) void this.#fetch(id);
    } catch (error) {
      if (this.ctx.signal.aborted || mine !== this.#loads) return;
      const box = problemBox(asProblem(error), () => this.load());
      replace(this.#filterPlace, box);
    }
  }

  /** @param {string} status @param {Board} board @param {Map<string, string | null>} next */
  async #page(status, board, next) {
    const query = { ...this.filters, status, sort: "position", limit: PAGE, cursor: next.get(status) };
    const { data } = await this.ctx.api.get(`projects/${this.id}/tasks`, { query, signal: this.ctx.signal });
    board.add(data.items);
    next.set(status, data.next_cursor);
  }

  #drawFilters() {
    const known = new Set([...this.#board.tasks.values()].flatMap((one) => one.tags));
    if (this.filters.tag) known.add(this.filters.tag);
    const tags = [...known].sort().slice(0, MAX_TAG_CHIPS);
    const focused = this.#filterPlace.querySelector("input") === document.activeElement;
    const bar = filterBar(this.filters, { people: this.#people, tags, me: this.ctx.user.id }, (filters) => {
      this.filters = filters;
      this.ctx.router.setQuery(filters);
      void this.load();
    });
    replace(this.#filterPlace, bar);
    if (focused) bar.querySelector("input")?.focus();
  }

  draw() {
    const add = button("New task", () => this.#columns.focusNew("todo"), { look: "primary", icon: "plus" });
    replace(this.#actions, this.writes ? add : null);
    this.#columns.draw();
  }

  /** @param {string} status */
  #shown(status) {
    return this.#board.column(status).filter((one) => matches(one, this.filters, this.ctx.user.id));
  }

  // -- what is done here ---------------------------------------------------------------------------

  /** @param {string} title @param {string} status */
  async #create(title, status) {
    const body = { title, status };
    const { data } = await this.ctx.api.post(`projects/${this.id}/tasks`, { body, idempotent: true });
    this.#board.add([data]);
    this.draw();
  }

  /** Let a task stand at its new place at once, and take it back if the server refuses. @param {number} id @param {string} status @param {number} index */
  async #moved(id, status, index) {
    const place = this.#board.placeAt(id, status, index, this.#shown(status));
    const back = this.#board.moveHere(id, place);
    this.draw();
    try {
      const { data } = await this.ctx.api.post(`tasks/${id}/move`, { body: place });
      this.#board.add([data]);
    } catch (error) {
      back();
      toast.problem(asProblem(error));
    }
    this.draw();
  }

  // -- what others do ------------------------------------------------------------------------------

  /** @param {LiveEvent} event */
  #happened(event) {
    if (event.type.startsWith("member.")) return void this.load();
    if (!event.type.startsWith("task.")) return;
    const id = event.data.task_id;
    if (event.type === "task.deleted") {
      this.#touched.add(id);
      return this.#gone(id);
    }
    if (event.type.startsWith("task.comment")) return void (id === this.#openId && this.#open?.said());
    if (event.type === "task.created" || event.type === "task.updated") {
      this.#touched.add(id);
      void this.#fetch(id);
    }
  }

  /** @param {number} id */
  #fetch(id) {
    const known = this.#fetches.get(id) ?? oneAtATime(() => this.#fetchNow(id));
    this.#fetches.set(id, known);
    return known();
  }

  /** @param {number} id */
  async #fetchNow(id) {
    try {
      const { data } = await this.ctx.api.get(`tasks/${id}`, { signal: this.ctx.signal });
      this.#board.add([data]);
      if (id === this.#openId) void this.#open?.refresh();
    } catch (error) {
      if (asProblem(error).status === 404) this.#board.tasks.delete(id);
    }
    this.draw();
  }

  /** @param {number} id */
  #gone(id) {
    this.#board.tasks.delete(id);
    if (id === this.#openId) this.#open?.close();
    this.draw();
  }

  // -- the open task -------------------------------------------------------------------------------

  /** @param {Context} ctx */
  show(ctx) {
    const id = ctx.params["task"] ?? 0;
    if (id === this.#openId) return;
    const before = this.#open;
    this.#openId = id;
    this.#open = null;
    before?.close();
    if (!id) return;
    const closed = () => {
      if (this.#openId !== id) return;
      this.#openId = 0;
      this.#open = null;
      if (!this.ctx.signal.aborted) this.ctx.router.go(`/projects/${this.id}/board${location.search}`);
    };
    const changed = (/** @type {Task} */ task) => {
      this.#board.add([task]);
      this.draw();
    };
    const hooks = { people: () => this.#people, writes: this.writes, changed, closed };
    this.#open = openTask(ctx, id, { ...hooks, removed: (gone) => this.#gone(gone) });
  }
}

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("board");
  return new BoardView(root, ctx).start();
}

export default { title: "Board", mount };
