// @ts-check
/** What can be done with files: made, renamed, moved, deleted (each can be undone), packed. */
import { toast } from "../../ui/toast.js";
import { openForm } from "../../ui/dialog.js";
import { field } from "../../ui/field.js";
import { filesOf, folderOf, foldersIn, joined, nameOf } from "./nodes.js";
import { h } from "../../core/dom.js";
import { plural } from "../../core/text.js";

/** @typedef {import("./nodes.js").Node} Node */
/**
 * @typedef {object} Room
 * @property {typeof import("../../core/api.js").api} api
 * @property {number} workspaceId
 * @property {() => Node[]} nodes
 * @property {() => Promise<void>} reload
 * @property {(id: number) => void} open
 * @property {(ids: number[], on: boolean) => void} hide show files no longer, or again
 */

/** @param {Room} room @param {string} folder */
export function makeFile(room, folder) {
  const path = field("path", "Name", {
    value: folder ? `${folder}/` : "",
    hint: "Slashes put it in folders: docs/plan.md. Python (.py) and JavaScript (.js) can be run.",
    attributes: { autocomplete: "off", spellcheck: "false", required: true },
  });
  openForm({
    title: "New file",
    fields: [path],
    submit: "Make the file",
    async save(values) {
      const { data } = await room.api.post(`workspaces/${room.workspaceId}/files`, {
        body: { path: values["path"].trim(), content: "" },
        idempotent: true,
      });
      await room.reload();
      room.open(data.id);
    },
  });
}

/** @param {Room} room @param {Node} node */
export function renameNode(room, node) {
  const name = field("path", "Name", {
    value: node.name,
    attributes: { autocomplete: "off", spellcheck: "false", required: true },
  });
  openForm({
    title: `Rename ${node.name}`,
    fields: [name],
    submit: "Rename",
    save: (values) => moveTo(room, node, joined(folderOf(node.path), values["path"].trim())),
  });
}

/** @param {Room} room @param {Node} node */
export function moveNode(room, node) {
  const folder = field("path", "Folder", {
    value: folderOf(node.path),
    hint: "Leave it empty for the top. A missing folder is made.",
    attributes: { autocomplete: "off", spellcheck: "false", list: "files-folders" },
  });
  const known = foldersIn(room.nodes()).filter((one) => !`${one.path}/`.startsWith(`${node.path}/`));
  folder.element.append(
    h(
      "datalist",
      { id: "files-folders" },
      known.map((one) => h("option", { value: one.path })),
    ),
  );
  openForm({
    title: `Move ${node.name}`,
    fields: [folder],
    submit: "Move",
    save: (values) => moveTo(room, node, joined(values["path"].trim().replace(/^\/+|\/+$/g, ""), node.name)),
  });
}

/** Give a file or a folder another path, and offer the way back. @param {Room} room @param {Node} node @param {string} path */
export async function moveTo(room, node, path) {
  if (path === node.path) return;
  await put(room, node, path);
  await room.reload();
  const back = async () => [await put(room, { ...node, path }, node.path), await room.reload()];
  const words =
    folderOf(path) === folderOf(node.path) ? `Renamed to ${nameOf(path)}.` : `Moved to ${folderOf(path) || "the top"}.`;
  toast.show({ text: words, action: { label: "Undo", run: () => void back().catch(tell) } });
}

/** @param {Room} room @param {Node} node @param {string} path */
function put(room, node, path) {
  if (node.type === "file") return room.api.patch(`files/${node.id}`, { body: { path } });
  return room.api.post(`workspaces/${room.workspaceId}/files/move`, { body: { from: node.path, to: path } });
}

/** @param {unknown} error */
async function tell(error) {
  const { asProblem } = await import("../../core/problem.js");
  toast.problem(asProblem(error));
}

/** Delete a file, or a folder with all that is in it, once nobody can undo it any more. @param {Room} room @param {Node} node */
export async function removeNode(room, node) {
  const files = filesOf([node]);
  const ids = files.map((one) => one.id ?? 0);
  const tags = await Promise.all(ids.slice(0, 1).map(async (id) => (await room.api.get(`files/${id}`)).etag));
  room.hide(ids, true);
  const what = node.type === "file" ? node.name : `${node.name} with ${plural(files.length, "file")}`;
  toast.undoable({
    text: `${what} is deleted.`,
    revert: () => room.hide(ids, false),
    async commit({ keepalive }) {
      const only = ids.length === 1 ? tags[0] : null; // changed meanwhile, it stays
      for (const id of ids) await room.api.delete(`files/${id}`, { keepalive, etag: only ?? null });
      await room.reload();
      room.hide(ids, false);
    },
  });
}

/** Save a file, or the whole workspace as a zip, on the person's disk. @param {typeof import("../../core/api.js").api} api @param {string} path @param {string} name */
export async function download(api, path, name) {
  const address = URL.createObjectURL(await api.blob(path));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
