// @ts-check
/** What can be done in the files view, as menus. */
import { openForm } from "../../ui/dialog.js";
import { field } from "../../ui/field.js";
import { download, makeFile, moveNode, removeNode, renameNode } from "./acts.js";
import { joined } from "./nodes.js";
import { chosenFiles } from "./sending.js";

/** @typedef {import("./nodes.js").Node} Node */
/** @typedef {import("../../ui/menu.js").Item} Item */
/** @typedef {import("../files.js").Files} Files */

/** @param {Files} files @param {string} folder where it goes @returns {Item[]} */
export function newMenu(files, folder) {
  return [
    { label: "New file", icon: "files", run: () => makeFile(files, folder) },
    { label: "Upload files", icon: "upload", run: () => upload(files, folder) },
    { label: "Unpack a zip", icon: "collection", run: () => unpack(files) },
  ];
}

/** @param {Files} files @returns {(Item | null)[]} */
export function workspaceMenu(files) {
  const { api, workspaceId: id } = files;
  const zip = {
    label: "Download as a zip",
    icon: "download",
    run: () => download(api, `workspaces/${id}/archive`, `${files.workspaceName}.zip`),
  };
  const made = { label: "New workspace", icon: "plus", run: () => makeWorkspace(files) };
  return [...(id ? [zip] : []), ...(files.mayWrite() ? [null, made] : [])];
}

/** @param {Files} files @param {Node} node @returns {(Item | null)[]} */
export function menuOf(files, node) {
  const isFile = node.type === "file";
  const reading = isFile ? readingMenu(files, node) : [];
  if (!files.mayWrite()) return reading;
  const changing = [
    { label: "Rename", icon: "edit", hint: "F2", run: () => renameNode(files, node) },
    { label: "Move", icon: "folder", run: () => moveNode(files, node) },
    { label: "Delete", icon: "trash", hint: "Del", danger: true, run: () => removeNode(files, node) },
  ];
  return [...(isFile ? reading : newMenu(files, node.path).slice(0, 2)), null, ...changing];
}

/** @param {Files} files @param {Node} node @returns {Item[]} */
function readingMenu({ api, base }, node) {
  const history = { label: "History", icon: "history", href: `${base}/${node.id}/history` };
  return [
    { label: "Open", icon: "files", href: `${base}/${node.id}` },
    ...(node.kind === "text" ? [history] : []),
    { label: "Download", icon: "download", run: () => download(api, `files/${node.id}/content`, node.name) },
  ];
}

/** @param {Files} files @param {string} folder */
export async function upload(files, folder) {
  const chosen = await chosenFiles();
  files.sending.send(
    files.workspaceId,
    chosen.map((file) => ({ path: joined(folder, file.name), file })),
  );
}

/** @param {Files} files */
async function unpack(files) {
  const [file] = await chosenFiles({ accept: ".zip,application/zip", multiple: false });
  if (file) files.sending.unpack(files.workspaceId, file);
}

/** @param {Files} files */
export function makeWorkspace(files) {
  openForm({
    title: "New workspace",
    fields: [field("name", "Name", { attributes: { required: true, autocomplete: "off" } })],
    submit: "Make the workspace",
    save: async (values) => {
      const path = `projects/${files.ctx.params["project"]}/workspaces`;
      const { data } = await files.api.post(path, { body: values, idempotent: true });
      files.enterNew(data.id);
    },
  });
}
