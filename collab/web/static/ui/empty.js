// @ts-check
/** Where nothing is yet: what belongs here, and how it begins. And where something went wrong. */
import { h } from "../core/dom.js";
import { button, linkButton } from "./button.js";
import { icon } from "./icons.js";

/**
 * @param {{ icon?: string, title: string, text?: import("../core/dom.js").Children, actions?: HTMLElement[], heading?: boolean }} options `heading`: it is all
 *   that the page shows
 */
export function empty({ icon: name = "info", title, text, actions = [], heading = false }) {
  return h(
    "div",
    { class: "empty" },
    h("span", { class: "empty-icon" }, icon(name, 22)),
    heading ? h("h1", { class: "empty-title", tabindex: -1 }, title) : h("p", { class: "empty-title" }, title),
    text ? h("p", { class: "empty-text" }, text) : null,
    actions.length ? h("div", { class: "empty-actions" }, actions) : null,
  );
}

/**
 * What went wrong, in words, with a way on.
 * @param {import("../core/problem.js").Problem} problem
 * @param {() => unknown} [again]
 * @param {{ heading?: boolean }} [options]
 */
export function problemBox(problem, again, { heading = false } = {}) {
  const title =
    problem.status === 404
      ? "There is nothing here"
      : problem.status === 403
        ? "This is not yours to see"
        : "That did not work";
  const home = heading && problem.status === 404 ? linkButton("Home", "/") : null;
  const actions = home ? [home] : again ? [button("Try again", again, { icon: "retry" })] : [];
  const box = empty({
    icon: problem.status === 404 ? "search" : "warning",
    title,
    text: `${problem.message} ${problem.wayOn}`.trim(),
    actions,
    heading,
  });
  box.setAttribute("role", "alert");
  return box;
}
