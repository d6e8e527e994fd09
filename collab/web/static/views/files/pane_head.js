// @ts-check
/** The line above an open file: where it lies, how it stands, what can be done. */
import { h, replace } from "../../core/dom.js";
import { iconButton, linkButton } from "../../ui/button.js";
import { icon } from "../../ui/icons.js";
import { folderOf, nameOf } from "./nodes.js";

/**
 * @param {import("../../core/context.js").Context} ctx
 * @param {{ id: number, path: string }} file
 * @param {{ beside?: import("../../core/dom.js").Children, actions?: import("../../core/dom.js").Children,
 *   menu?: (opener: HTMLElement) => void, history?: boolean, back?: string }} options
 */
export function paneHead(ctx, file, { beside = [], actions = [], menu, history = false, back }) {
  const base = `/projects/${ctx.params["project"]}/files`;
  const name = h("h1", { class: "pane-name", tabindex: -1 });
  const moved = (/** @type {string} */ path) => {
    const folder = folderOf(path);
    replace(
      name,
      folder ? h("span", { class: "pane-folder", dir: "auto" }, `${folder}/`) : null,
      h("span", { dir: "auto" }, nameOf(path)),
    );
  };
  moved(file.path);
  const away = h(
    "a",
    { class: "icon-button pane-back", href: back ?? base, "aria-label": back ? "Back to the text" : "All files" },
    icon("left"),
  );
  if (back) away.classList.add("pane-back-always");
  /** @type {HTMLElement} */
  const more = iconButton("more", "More", () => menu?.(more), { "aria-haspopup": "menu", hidden: !menu });
  const element = h(
    "div",
    { class: "pane-head" },
    away,
    name,
    h("span", { class: "pane-beside" }, beside),
    h(
      "span",
      { class: "pane-actions" },
      actions,
      history ? linkButton("History", `${base}/${file.id}/history`, { icon: "history", look: "quiet" }) : null,
      more,
    ),
  );
  return { element, moved };
}
