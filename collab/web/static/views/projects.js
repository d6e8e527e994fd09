// @ts-check
import { h, replace } from "../core/dom.js";
import { projects } from "../core/mine.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { newProject } from "../ui/new-project.js";
import { pageHead } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";

/** @param {HTMLElement} root */
function mount(root) {
  const list = h("div", {}, skeleton(4));
  const add = button("New project", newProject, { look: "primary", icon: "plus" });
  root.append(h("div", { class: "page" }, pageHead("Projects", { actions: add }), list));
  return projects.subscribe((found) => {
    if (found === null) return;
    if (!found.length)
      replace(
        list,
        empty({ icon: "project", title: "No project yet", text: "Make one, or ask somebody to invite you to theirs." }),
      );
    else replace(list, h("div", { class: "rows" }, found.map(row)));
  });
}

/** @param {import("../core/context.js").Project} one */
function row(one) {
  return h(
    "a",
    { class: "row", href: `/projects/${one.id}/board` },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title", dir: "auto" }, one.name),
      h("span", { class: "row-sub", dir: "auto" }, one.description ? ` ${one.description}` : ""),
    ),
    chip(one.role ?? "admin"),
    timeOf(one.updated_at),
  );
}

export default { title: "Projects", mount };
