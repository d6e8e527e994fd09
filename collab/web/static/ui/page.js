// @ts-check
/** What each view begins with: its heading, a line below it, and what can be done here. */
import { append, h } from "../core/dom.js";

/**
 * @param {string} title
 * @param {{ sub?: import("../core/dom.js").Children, actions?: import("../core/dom.js").Children }} [options]
 */
export function pageHead(title, { sub, actions } = {}) {
  const head = h("header", { class: "page-head" });
  append(
    head,
    h(
      "div",
      { class: "page-title" },
      h("h1", { tabindex: -1 }, title),
      sub ? h("p", { class: "page-sub" }, sub) : null,
    ),
  );
  if (actions) append(head, h("div", { class: "page-actions" }, actions));
  return head;
}

/**
 * A part of a page with its own heading.
 * @param {string} title
 * @param {import("../core/dom.js").Children[]} body
 * @param {{ actions?: import("../core/dom.js").Children, class?: string }} [options]
 */
export function section(title, body, options = {}) {
  const made = h("section", { class: `section ${options.class ?? ""}`.trim() });
  append(made, h("div", { class: "section-head" }, h("h2", {}, title), options.actions), ...body);
  return made;
}
