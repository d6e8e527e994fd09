// @ts-check
/** What is beside the tree while no file is open: what to do first, or that something is gone. */
import { h } from "../../core/dom.js";
import { button } from "../../ui/button.js";
import { empty } from "../../ui/empty.js";
import { makeFile } from "./acts.js";
import { makeWorkspace, upload } from "./menus.js";

/** @typedef {import("../files.js").Files} Files */

/** @param {Files} files @param {HTMLElement | null} images */
export function noFileOpen(files, images) {
  if (!files.workspaceId) return noWorkspace(files);
  const may = files.mayWrite();
  const make = button("New file", () => makeFile(files, ""), { look: "primary", icon: "plus" });
  const send = button("Upload", () => upload(files, ""), { icon: "upload" });
  const [title, text] = files.nodes().length > 0 ? CHOOSE : may ? FIRST : NONE;
  return h(
    "div",
    { class: "files-nothing" },
    empty({ icon: "files", title, text, actions: may ? [make, send] : [] }),
    images,
  );
}

/** @typedef {[title: string, text: string]} Words */
/** @type {Words} */
const CHOOSE = ["Choose a file", "Texts are written together: everybody who has one open sees the others type."];
/** @type {Words} */
const FIRST = ["No files yet", "Make one, or drop files and folders here."];
/** @type {Words} */
const NONE = ["No files yet", "Anybody who may write can add some."];

/** @param {Files} files */
function noWorkspace(files) {
  const make = button("New workspace", () => makeWorkspace(files), { look: "primary", icon: "plus" });
  const text = "Files lie in workspaces: one for each thing that you work on together.";
  const actions = files.mayWrite() ? [make] : [];
  return h("div", { class: "files-nothing" }, empty({ icon: "folder", title: "No workspace yet", text, actions }));
}

/** A picture or the like was deleted; a text says so itself, with what is unsent of it. */
export function gone() {
  const text = "Somebody deleted it. Its place in the list is free again.";
  return h("div", { class: "files-nothing", role: "alert" }, empty({ title: "This file is gone", text }));
}
