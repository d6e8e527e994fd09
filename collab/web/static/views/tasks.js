// @ts-check
/** My tasks: what is assigned to me in any project, and what I have for myself. */
import { h, loadStyles } from "../core/dom.js";
import { projects } from "../core/mine.js";
import { loadFollowed } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { openTask } from "../board/detail.js";
import { placeOfTask, taskList } from "../board/list.js";
import { COLUMNS } from "../board/model.js";
import { filterChips } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pageHead, section } from "../ui/page.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {ReturnType<typeof taskList>} List */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("board");
  if (await isElsewhere(ctx)) return undefined;
  const bag = new Bag();
  const status = () => new URLSearchParams(location.search).get("status") ?? "";
  const assigned = taskList(
    ctx,
    { assignee: "me", sort: "due_at", status: status() },
    { empty: nothingAssigned, aside: projectOf },
  );
  const personal = taskList(ctx, { scope: "personal", sort: "due_at", status: status() }, { empty: nothingPersonal });
  const chips = filterChips("Status", COLUMNS, status() ? [status()] : [], (on) => {
    ctx.router.setQuery({ status: on.find((one) => one !== status()) ?? "" });
    ctx.router.again();
  });
  const load = () => Promise.all([assigned.load(), personal.load()]);
  root.append(
    h(
      "div",
      { class: "page" },
      pageHead("My tasks"),
      chips,
      section("Assigned to me", [assigned.element]),
      section("For myself", [h("div", { class: "task-list" }, newTask(ctx, load), personal.element)]),
    ),
  );
  const following = follow(ctx, bag, load);
  let open = openNow(ctx, load);
  void loadFollowed(following, load);
  const update = (/** @type {Context} */ now) => {
    open?.close();
    open = openNow(now, load);
  };
  bag.add(() => open?.close());
  return { dispose: bag.dispose, update };
}

/** Whether the task is a project's: its board shows it, with the people there. @param {Context} ctx */
async function isElsewhere(ctx) {
  const id = ctx.params["task"];
  const found = id ? await ctx.api.get(`tasks/${id}`, { signal: ctx.signal }).catch(() => null) : null;
  if (!found?.data.project_id) return false;
  ctx.router.go(placeOfTask(found.data), { replace: true });
  return true;
}

/** Look again when something happens to one's own tasks, or one is given another. @param {Context} ctx @param {Bag} bag @param {() => unknown} load */
function follow(ctx, bag, load) {
  const heard = (/** @type {{ type: string }} */ event) => /^(task|notification)\./.test(event.type) && void load();
  const following = ctx.live.subscribe(`user:${ctx.user.id}`, heard, { onGap: load });
  bag.add(following.close);
  return following;
}

/** @param {Context} ctx @param {() => unknown} load */
function openNow(ctx, load) {
  const id = ctx.params["task"];
  if (!id) return null;
  const me = { id: ctx.user.id, name: ctx.user.name };
  const closed = () => {
    if (!ctx.signal.aborted && location.pathname === `/tasks/${id}`) ctx.router.go(`/tasks${location.search}`);
    void load();
  };
  return openTask(ctx, id, { people: () => [me], writes: true, changed: load, removed: load, closed });
}

/** @param {Context} ctx @param {() => unknown} done */
function newTask(ctx, done) {
  const input = h("input", {
    class: "input",
    maxlength: 200,
    placeholder: "New task for myself",
    "aria-label": "New task for myself",
    dir: "auto",
  });
  const form = h("form", { class: "form" }, input);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = input.value.trim();
    if (!title) return;
    input.value = "";
    try {
      await ctx.api.post("tasks", { body: { title }, idempotent: true });
      done();
    } catch (error) {
      input.value = title;
      toast.problem(asProblem(error));
    }
  });
  return form;
}

/** @param {{ project_id: number | null }} task */
function projectOf(task) {
  const found = projects.get()?.find((one) => one.id === task.project_id);
  return found ? h("span", { class: "quiet row-aside", dir: "auto" }, found.name) : null;
}

function nothingAssigned() {
  const text = "What somebody assigns to you on a board appears here, the next due first.";
  return empty({ icon: "check", title: "Nothing is assigned to you", text });
}

function nothingPersonal() {
  return empty({ icon: "tasks", title: "No tasks of your own", text: "Nobody else sees what you write here." });
}

export default { title: "My tasks", mount };
