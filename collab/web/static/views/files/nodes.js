// @ts-check
/** Files in their folders, as the server's tree has them, and what can be asked of paths. Pure. */

/** @typedef {{ name: string, path: string, type: "folder" | "file", id?: number, kind?: string, size?: number, children?: Node[] }} Node */

/** @param {string} path */
export function folderOf(path) {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** @param {string} path */
export function nameOf(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** @param {string} folder "" is the top @param {string} name */
export function joined(folder, name) {
  return folder ? `${folder}/${name}` : name;
}

/** The folders that a path is in, the outer one first. @param {string} path */
export function foldersOf(path) {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

/** All files of some nodes, at any depth. @param {Node[]} nodes @returns {Node[]} */
export function filesOf(nodes) {
  return nodes.flatMap((one) => (one.type === "file" ? [one] : filesOf(one.children ?? [])));
}

/** All folders of some nodes, at any depth. @param {Node[]} nodes @returns {Node[]} */
export function foldersIn(nodes) {
  return nodes.flatMap((one) => (one.type === "folder" ? [one, ...foldersIn(one.children ?? [])] : []));
}

/** @param {Node[]} nodes @param {number} id */
export function fileById(nodes, id) {
  return filesOf(nodes).find((one) => one.id === id) ?? null;
}

/**
 * The tree without some files, and without folders that have nothing left.
 * @param {Node[]} nodes
 * @param {Set<number>} hidden
 * @returns {Node[]}
 */
export function without(nodes, hidden) {
  if (hidden.size === 0) return nodes;
  return nodes.flatMap((one) => {
    if (one.type === "file") return one.id !== undefined && hidden.has(one.id) ? [] : [one];
    const children = without(one.children ?? [], hidden);
    return children.length > 0 ? [{ ...one, children }] : [];
  });
}

const IMAGES = /\.(?:png|jpe?g|gif|webp|bmp)$/i;
const PROGRAMS = /\.(?:py|js|mjs|cjs)$/i;

/** @param {Node} node */
export function isImage(node) {
  return node.kind === "binary" && IMAGES.test(node.name);
}

/** Whether a file can be run. @param {string} path */
export function isProgram(path) {
  return PROGRAMS.test(path);
}
