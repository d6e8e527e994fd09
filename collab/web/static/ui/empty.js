// @ts-check
/** Where nothing is yet: what belongs here, and how it begins. And where something went wrong. */
import { h } from "../core/dom.js";
import { button } from "./button.js";
import { icon } from "./icons.js";

/**
 * @param {{ icon?: string, title: string, text?: string, actions?: HTMLElement[] }} options
 */
export function empty({ icon: name = "info", title, text, actions = [] }) {
  return h(
    "div",
    { class: "empty" },
    h("span", { class: "empty-icon" }, icon(name, 22)),
    h("p", { class: "empty-title" }, title),
    text ? h("p", { class: "empty-text" }, text) : null,
    actions.length ? h("div", { class: "empty-actions" }, actions) : null,
  );
}

/**
 * What went wrong, in words, with a way on.
 * @param {import("../core/problem.js").Problem} problem
 * @param {() => unknown} [again]
 */
export function problemBox(problem, again) {
  const title =
    problem.status === 404
      ? "There is nothing here"
      : problem.status === 403
        ? "This is not yours to see"
        : "That did not work";
  const actions = again ? [button("Try again", again, { icon: "retry" })] : [];
  const box = empty({
    icon: problem.status === 404 ? "search" : "warning",
    title,
    text: `${problem.message} ${problem.wayOn}`.trim(),
    actions,
  });
  box.setAttribute("role", "alert");
  return box;
}
