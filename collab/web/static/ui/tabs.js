// @ts-check
/** Tabs that are pages: real links, of which one is the present page. */
import { append, h } from "../core/dom.js";
import { icon } from "./icons.js";

/**
 * @param {string} label
 * @param {{ href: string, label: string, icon?: string, current: boolean, count?: number }[]} tabs
 */
export function tabs(label, tabs) {
  const nav = h("nav", { class: "tabs", "aria-label": label });
  drawTabs(nav, tabs);
  return nav;
}

/**
 * @param {HTMLElement} nav
 * @param {{ href: string, label: string, icon?: string, current: boolean, count?: number }[]} tabs
 */
export function drawTabs(nav, tabs) {
  // Whoever chose a tab goes on to what it shows: the focus does not stay here.
  nav.replaceChildren();
  append(
    nav,
    tabs.map((one) =>
      h(
        "a",
        { href: one.href, class: "tab", "aria-current": one.current ? "page" : undefined },
        one.icon ? icon(one.icon) : null,
        one.label,
        one.count ? h("span", { class: "tab-count" }, one.count) : null,
      ),
    ),
  );
  nav.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
