// @ts-check
/** What the lists of an installation have in common: a row, and filters that are in the address. */
import { h } from "../core/dom.js";
import { filterChips } from "../ui/chips.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("../core/dom.js").Children} Children */

/** @param {Children} title @param {Children} sub @param {Children} [end] */
export function row(title, sub, end = null) {
  return h(
    "div",
    { class: "row row-wide member-row" },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title", dir: "auto" }, title),
      h("span", { class: "row-sub" }, sub),
    ),
    end,
  );
}

/**
 * Chips of which one at most is on; the address says which.
 * @param {Context} ctx @param {string} name of the parameter @param {string} label @param {[string, string][]} choices
 */
export function oneOf(ctx, name, label, choices) {
  const now = ctx.query.get(name) ?? "";
  return filterChips(label, choices, now ? [now] : [], (on) => {
    ctx.router.setQuery({ [name]: on.find((one) => one !== now) ?? "" });
    ctx.router.again();
  });
}
