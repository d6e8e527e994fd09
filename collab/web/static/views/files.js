// @ts-check
/** A project's files: the workspaces with their trees, and beside them the file that is open. */
import { h, loadStyles, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem, isAbort } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { iconButton } from "../ui/button.js";
import { problemBox } from "../ui/empty.js";
import { select } from "../ui/field.js";
import { menuAt, openMenu } from "../ui/menu.js";
import { skeleton } from "../ui/skeleton.js";
import { moveTo, removeNode, renameNode } from "./files/acts.js";
import { bytesPane } from "./files/bytes_pane.js";
import { historyPane } from "./files/history_pane.js";
import { menuOf, newMenu, workspaceMenu } from "./files/menus.js";
import { fitted } from "./files/fitted.js";
import { fileById, joined, nameOf, without } from "./files/nodes.js";
import { Sending, droppedFiles } from "./files/sending.js";
import { textPane } from "./files/text_pane.js";
import { gone, noFileOpen } from "./files/nothing.js";
import { gallery } from "./files/thumbnails.js";
import { Tree } from "./files/tree.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("./files/nodes.js").Node} Node */
/** @typedef {{ element: HTMLElement, dispose: () => void, moved: (path: string) => void, focus: () => void, replaced?: () => unknown }} Pane */

/** Milliseconds after which what others did to files is shown, so that many at once are one look. */
const CALM = 200;
const FILE_EVENTS = new Set([
  "file.created",
  "file.moved",
  "file.deleted",
  "workspace.created",
  "workspace.updated",
  "workspace.deleted",
]);

export class Files {
  /** @type {{ id: number, name: string }[]} */
  #workspaces = [];
  /** @type {Node[]} */
  #nodes = [];
  #hidden = new Set();
  /** @type {Pane | null} */
  #pane = null;
  /** The bag of what is beside the tree while no file is open. */
  #beside = new Bag();
  #shown = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  workspaceId = 0;

  /** @param {HTMLElement} root @param {Context} ctx */
  constructor(root, ctx) {
    this.ctx = ctx;
    this.api = ctx.api;
    this.bag = new Bag();
    this.tree = new Tree({
      open: (node) => this.open(node.id ?? 0),
      menu: (node, opener) => openMenu(opener, menuOf(this, node)),
      rename: (node) => renameNode(this, node),
      remove: (node) => void removeNode(this, node).catch((error) => this.#tell(error)),
      move: (node, folder) => void moveTo(this, node, joined(folder, node.name)).catch((error) => this.#tell(error)),
      take: (transfer, folder) =>
        void droppedFiles(transfer, folder).then((files) => this.sending.send(this.workspaceId, files)),
      mayWrite: () => this.mayWrite(),
    });
    this.sending = new Sending(ctx.api, () => this.#soon());
    this.choice = h("div", { class: "files-choice" });
    this.tools = h("div", { class: "files-tools" });
    this.scroll = h("div", { class: "files-scroll" }, this.tree.element);
    this.heading = h("h1", { class: "unseen", tabindex: -1 }, "Files");
    this.side = h(
      "aside",
      { class: "files-side", "aria-label": "All files" },
      this.heading,
      this.choice,
      this.scroll,
      this.sending.element,
    );
    this.place = h("div", { class: "files-pane" });
    this.element = h("div", { class: "files" }, this.side, this.place);
    this.tree.target(this.scroll, "");
    root.append(this.element);
    this.bag.add(
      fitted(this.element, root),
      () => clearTimeout(this.#timer),
      () => this.#close(),
    );
  }

  mayWrite() {
    const role = this.ctx.projectStore?.get().role ?? this.ctx.project?.role;
    return role === "owner" || role === "collaborator" || this.ctx.user.role === "admin";
  }

  get workspaceName() {
    return this.#workspaces.find((one) => one.id === this.workspaceId)?.name ?? "workspace";
  }

  /** Go to a workspace that has just been made. @param {number} id */
  enterNew(id) {
    this.#workspaces = [];
    this.ctx.router.go(`${this.base}?workspace=${id}`);
  }

  nodes() {
    return this.#nodes;
  }

  async begin() {
    const following = this.ctx.live.subscribe(`project:${this.ctx.params["project"]}`, (event) => this.#hear(event), {
      onGap: () => this.#soon(),
    });
    this.bag.add(following.close);
    if (this.ctx.projectStore) {
      const { projectStore } = this.ctx;
      let role = projectStore.get().role;
      this.bag.add(
        projectStore.subscribe(
          (now) =>
            now.role !== role &&
            ((role = now.role), this.#drawTools(), this.tree.show(without(this.#nodes, this.#hidden))),
        ),
      );
    }
    let isShown = false;
    await loadFollowed(following, () => {
      if (isShown) return this.#load(); // what is open stays as it is
      isShown = true;
      return this.show(this.ctx);
    });
  }

  /** Show what an address names. @param {Context} ctx */
  async show(ctx) {
    this.ctx = ctx;
    const file = ctx.params["file"];
    const known = file ? (await ctx.api.get(`files/${file}`, { signal: ctx.signal })).data : null;
    if (known && known.project_id !== ctx.params["project"]) {
      return ctx.router.go(`/projects/${known.project_id}/files/${known.id}`, { replace: true });
    }
    await this.#enter(known?.workspace_id ?? null);
    this.element.classList.toggle("files-open", Boolean(known));
    if (known)
      this.heading.remove(); // then the file’s name is the heading
    else this.side.prepend(this.heading);
    this.tree.setCurrent(file ?? null, known?.path);
    if (known) this.#openPane(known);
    else this.#openNothing();
  }

  /** Go to a workspace: that of the file, the one in the address, or the first. @param {number | null} id */
  async #enter(id) {
    const path = `projects/${this.ctx.params["project"]}/workspaces`;
    if (this.#workspaces.length === 0) this.#workspaces = await this.api.all(path, { signal: this.ctx.signal });
    const wanted = id ?? (Number(this.ctx.query.get("workspace")) || this.workspaceId);
    const found = this.#workspaces.find((one) => one.id === wanted) ?? this.#workspaces[0];
    const changed = found?.id !== this.workspaceId;
    this.workspaceId = found?.id ?? 0;
    if (changed) await this.#load();
    this.#drawTools();
  }

  reload = () => this.#load();

  #load = oneAtATime(async () => {
    if (!this.workspaceId) return;
    const { data } = await this.api.get(`workspaces/${this.workspaceId}/tree`, { signal: this.ctx.signal });
    this.#nodes = data.items;
    this.tree.show(without(this.#nodes, this.#hidden));
    this.tree.element.hidden = this.#nodes.length === 0;
    this.element.classList.toggle("files-empty", this.#nodes.length === 0);
    if (!this.ctx.params["file"] && this.#shown === "") this.#openNothing();
  });

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load().catch((error) => this.#tell(error)), CALM);
  }

  /** @param {import("../core/live.js").LiveEvent} event */
  #hear({ type, data }) {
    if (type.startsWith("workspace.") && FILE_EVENTS.has(type)) return void this.#workspacesChanged();
    if (data.workspace_id !== this.workspaceId) return;
    if (FILE_EVENTS.has(type)) this.#soon();
    if (data.file_id !== this.ctx.params["file"]) return;
    if (type === "file.moved") [this.#pane?.moved(data.path), this.ctx.setTitle(nameOf(data.path))];
    if (type === "file.deleted" && this.#pane?.replaced) [this.#close(), replace(this.place, gone())];
    if (type === "file.replaced") void this.#pane?.replaced?.();
  }

  async #workspacesChanged() {
    this.#workspaces = [];
    await this.#enter(this.workspaceId).catch((error) => this.#tell(error));
  }

  /** @param {number[]} ids @param {boolean} on */
  hide(ids, on) {
    for (const id of ids) on ? this.#hidden.add(id) : this.#hidden.delete(id);
    this.tree.show(without(this.#nodes, this.#hidden));
    if (on && ids.includes(this.ctx.params["file"] ?? 0)) this.ctx.router.go(this.base);
  }

  /** @param {number} id */
  open(id) {
    this.ctx.router.go(`${this.base}/${id}`);
  }

  get base() {
    return `/projects/${this.ctx.params["project"]}/files`;
  }

  /** @param {unknown} error */
  async #tell(error) {
    if (isAbort(error)) return;
    const { toast } = await import("../ui/toast.js");
    toast.problem(asProblem(error));
  }

  // -- what is beside the tree -----------------------------------------------------------------

  #close() {
    this.#pane?.dispose();
    this.#pane = null;
    this.#shown = "";
    this.#beside.dispose();
  }

  /** @param {any} file */
  #openPane(file) {
    const history = location.pathname.endsWith("/history") && file.kind === "text";
    const key = `${file.id}${history ? "/history" : ""}`;
    this.ctx.setTitle(nameOf(file.path));
    if (key === this.#shown) return;
    this.#close();
    const node = () => fileById(this.#nodes, file.id) ?? file;
    const room = {
      mayWrite: () => this.mayWrite(),
      menu: (/** @type {HTMLElement} */ opener) => openMenu(opener, menuOf(this, { ...node(), type: "file" })),
    };
    this.#pane = history
      ? historyPane(this.ctx, file, room)
      : file.kind === "text"
        ? textPane(this.ctx, file, room)
        : bytesPane(this.ctx, file, room);
    this.#shown = key;
    replace(this.place, this.#pane.element);
  }

  #openNothing() {
    this.#close();
    const box = noFileOpen(this, gallery(this.ctx, this.#nodes, this.mayWrite(), this.#beside));
    if (this.workspaceId) this.tree.target(box, "");
    this.element.classList.toggle("files-empty", this.#nodes.length === 0);
    replace(this.place, box);
  }

  // -- tools ----------------------------------------------------------------------------------

  #drawTools() {
    const choices = /** @type {[string, string][]} */ (this.#workspaces.map((one) => [String(one.id), one.name]));
    const choice = select(choices, String(this.workspaceId), { "aria-label": "Workspace" });
    choice.addEventListener("change", () => this.ctx.router.go(`${this.base}?workspace=${choice.value}`));
    const more = menuAt(
      iconButton("more", "More about this workspace", () => {}),
      () => workspaceMenu(this),
    );
    const add = menuAt(
      iconButton("plus", "New", () => {}),
      () => newMenu(this, ""),
    );
    add.hidden = !this.mayWrite() || !this.workspaceId;
    replace(this.choice, this.#workspaces.length ? choice : null, add, more);
  }
}

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const styles = Promise.all([loadStyles("files"), loadStyles("editor")]);
  const view = new Files(root, ctx);
  replace(view.place, h("div", { class: "pane-body" }, skeleton(8, "line")));
  await styles;
  try {
    await view.begin();
  } catch (error) {
    if (!isAbort(error))
      replace(
        view.place,
        problemBox(asProblem(error), () => view.begin()),
      );
  }
  return { update: (/** @type {Context} */ next) => view.show(next), dispose: view.bag.dispose };
}

export default { title: "Files", mount };
