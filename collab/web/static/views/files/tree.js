// @ts-check
/** A tree of files (WAI-ARIA's tree view): arrows walk, letters find, Enter opens, dragging moves. */
import { h, replace } from "../../core/dom.js";
import { icon } from "../../ui/icons.js";
import { foldersOf, isImage } from "./nodes.js";

/** @typedef {import("./nodes.js").Node} Node */
/**
 * @typedef {object} Owner
 * @property {(node: Node) => void} open
 * @property {(node: Node, opener: HTMLElement) => void} menu
 * @property {(node: Node) => void} rename
 * @property {(node: Node) => void} remove
 * @property {(node: Node, folder: string) => void} move
 * @property {(transfer: DataTransfer, folder: string) => void} take files from outside
 * @property {() => boolean} mayWrite
 */

/** What is dragged within the page. */
const KIND = "application/x-collab-path";
/** Milliseconds that something is held above a closed folder before it opens. */
const OPENS_AFTER = 700;

export class Tree {
  /** @type {Node[]} */
  #nodes = [];
  #opened = new Set();
  /** The path that the keyboard is at. */
  #at = "";
  /** @type {number | null} */
  #current = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #opening;
  /** Under which name each row is found. @type {Map<string, { item: HTMLElement, node: Node }>} */
  #rows = new Map();

  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
    this.element = h("ul", { class: "tree", role: "tree", "aria-label": "Files" });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("focusin", (event) => this.#focused(event));
  }

  /** @param {Node[]} nodes */
  show(nodes) {
    const had = this.element.contains(document.activeElement);
    this.#nodes = nodes;
    this.#rows.clear();
    replace(this.element, this.#items(nodes, 1));
    const at = this.#rows.get(this.#at) ?? [...this.#rows.values()][0];
    if (!at) return;
    this.#at = at.node.path;
    at.item.tabIndex = 0;
    if (had) at.item.focus();
  }

  /** Mark the file that is open, and open the folders that it is in. @param {number | null} id @param {string} [path] */
  setCurrent(id, path = "") {
    this.#current = id;
    for (const folder of foldersOf(path)) this.#opened.add(folder);
    if (path) this.#at = path;
    this.show(this.#nodes);
    this.#rows.get(path)?.item.scrollIntoView({ block: "nearest" });
  }

  /**
   * Rows one after the other, with their levels said: so a folder's name is not all that is in it.
   * @param {Node[]} nodes
   * @param {number} level
   * @returns {HTMLElement[]}
   */
  #items(nodes, level) {
    return nodes.flatMap((node, at) => {
      const inside = this.#opened.has(node.path) ? (node.children ?? []) : [];
      return [this.#item(node, level, at + 1, nodes.length), ...this.#items(inside, level + 1)];
    });
  }

  /** @param {Node} node @param {number} level @param {number} place @param {number} of */
  #item(node, level, place, of) {
    const folder = node.type === "folder";
    const open = folder && this.#opened.has(node.path);
    const current = !folder && node.id === this.#current;
    const item = h(
      "li",
      {
        role: "treeitem",
        tabindex: -1,
        "aria-level": level,
        "aria-posinset": place,
        "aria-setsize": of,
        "aria-expanded": folder ? String(open) : null,
        "aria-selected": String(current),
        "aria-label": node.name,
        style: { "--level": level },
      },
      this.#row(node, open, current),
    );
    this.#rows.set(node.path, { item, node });
    return item;
  }

  /** @param {Node} node @param {boolean} open @param {boolean} current */
  #row(node, open, current) {
    const folder = node.type === "folder";
    const more = h(
      "button",
      {
        type: "button",
        class: "icon-button tree-more",
        tabindex: -1,
        "aria-label": `More about ${node.name}`,
        "aria-haspopup": "menu",
      },
      icon("more"),
    );
    const row = h(
      "div",
      { class: current ? "tree-row tree-current" : "tree-row", draggable: this.owner.mayWrite() ? "true" : null },
      h("span", { class: "tree-twist" }, folder ? icon(open ? "down" : "right", 12) : null),
      icon(folder ? "folder" : isImage(node) ? "image" : "files"),
      h("span", { class: "tree-name", dir: "auto" }, node.name),
      more,
    );
    row.addEventListener("click", (event) =>
      event.target instanceof Node && more.contains(event.target) ? this.owner.menu(node, more) : this.#chosen(node),
    );
    row.addEventListener("contextmenu", (event) => [event.preventDefault(), this.owner.menu(node, more)]);
    this.#draggable(row, node);
    return row;
  }

  /** @param {Node} node */
  #chosen(node) {
    this.#at = node.path;
    if (node.type === "file") this.owner.open(node);
    else this.#toggle(node, !this.#opened.has(node.path));
  }

  /** @param {Node} node @param {boolean} open */
  #toggle(node, open) {
    if (open) this.#opened.add(node.path);
    else this.#opened.delete(node.path);
    this.show(this.#nodes);
  }

  // -- keyboard ------------------------------------------------------------------------------

  /** @param {FocusEvent} event */
  #focused(event) {
    const found = [...this.#rows.values()].find(({ item }) => item === event.target);
    if (found) this.#go(found.node.path, false);
  }

  /** @param {string | undefined} path @param {boolean} [focus] */
  #go(path, focus = true) {
    const next = path === undefined ? undefined : this.#rows.get(path);
    if (!next) return;
    const before = this.#rows.get(this.#at);
    if (before) before.item.tabIndex = -1;
    this.#at = next.node.path;
    next.item.tabIndex = 0;
    if (focus) next.item.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const here = this.#rows.get(this.#at);
    if (!here || event.target !== here.item || event.ctrlKey || event.metaKey || event.altKey) return;
    const paths = [...this.#rows.keys()];
    const at = paths.indexOf(this.#at);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => this.#go(paths[at + 1]),
      ArrowUp: () => this.#go(paths[at - 1]),
      Home: () => this.#go(paths[0]),
      End: () => this.#go(paths[paths.length - 1]),
      ArrowRight: () => this.#inward(here.node, paths[at + 1]),
      ArrowLeft: () => this.#outward(here.node),
      Enter: () => this.#chosen(here.node),
      " ": () => this.#chosen(here.node),
      F2: () => this.owner.mayWrite() && this.owner.rename(here.node),
      Delete: () => this.owner.mayWrite() && this.owner.remove(here.node),
      ContextMenu: () => this.owner.menu(here.node, here.item),
      F10: () => event.shiftKey && this.owner.menu(here.node, here.item),
    };
    const known = keys[event.key];
    if (known) [event.preventDefault(), event.stopPropagation(), known()];
    else if (event.key.length === 1) this.#find(event, paths, at);
  }

  /** @param {Node} node @param {string | undefined} next */
  #inward(node, next) {
    if (node.type !== "folder") return;
    if (this.#opened.has(node.path)) this.#go(next);
    else this.#toggle(node, true);
  }

  /** @param {Node} node */
  #outward(node) {
    if (node.type === "folder" && this.#opened.has(node.path)) this.#toggle(node, false);
    else this.#go(foldersOf(node.path).at(-1));
  }

  /** @param {KeyboardEvent} event @param {string[]} paths @param {number} at */
  #find(event, paths, at) {
    event.stopPropagation();
    const letter = event.key.toLocaleLowerCase();
    const order = [...paths.slice(at + 1), ...paths.slice(0, at + 1)];
    this.#go(order.find((path) => this.#rows.get(path)?.node.name.toLocaleLowerCase().startsWith(letter)));
  }

  // -- dragging ------------------------------------------------------------------------------

  /** @param {HTMLElement} row @param {Node} node */
  #draggable(row, node) {
    row.addEventListener("dragstart", (event) => {
      event.dataTransfer?.setData(KIND, node.path);
      if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
    });
    this.target(row, node.type === "folder" ? node.path : (foldersOf(node.path).at(-1) ?? ""), () => {
      if (node.type === "folder" && !this.#opened.has(node.path)) this.#toggle(node, true);
    });
  }

  /**
   * Let things be dropped on an element, for a folder.
   * @param {HTMLElement} element
   * @param {string} folder "" is the top
   * @param {() => void} [dwelt] something is held there for a while
   */
  target(element, folder, dwelt) {
    const leave = () => [element.classList.remove("tree-over"), clearTimeout(this.#opening)];
    element.addEventListener("dragover", (event) => {
      if (!this.owner.mayWrite() || !taken(event.dataTransfer)) return;
      event.preventDefault();
      event.stopPropagation();
      if (element.classList.contains("tree-over")) return;
      this.element.parentElement?.querySelectorAll(".tree-over").forEach((one) => one.classList.remove("tree-over"));
      element.classList.add("tree-over");
      clearTimeout(this.#opening);
      if (dwelt) this.#opening = setTimeout(dwelt, OPENS_AFTER);
    });
    element.addEventListener("dragleave", (event) => {
      if (!(event.relatedTarget instanceof Node && element.contains(event.relatedTarget))) leave();
    });
    element.addEventListener("drop", (event) => {
      leave();
      if (!event.dataTransfer || !taken(event.dataTransfer)) return;
      event.preventDefault();
      event.stopPropagation();
      this.#dropped(event.dataTransfer, folder);
    });
  }

  /** @param {DataTransfer} transfer @param {string} folder */
  #dropped(transfer, folder) {
    const moved = this.#rows.get(transfer.getData(KIND))?.node;
    if (moved) this.owner.move(moved, folder);
    else if (transfer.types.includes("Files")) this.owner.take(transfer, folder);
  }
}

/** Whether it is one of our files, or files from outside. @param {DataTransfer | null} transfer */
function taken(transfer) {
  return Boolean(transfer && (transfer.types.includes(KIND) || transfer.types.includes("Files")));
}
