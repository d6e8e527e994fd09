// @ts-check
/** Menus at a button: arrow keys walk, Escape closes, the first letters find (WAI-ARIA's menu button). */
import { append, h, restyle } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { icon } from "./icons.js";
import { toast } from "./toast.js";

/** @typedef {{ label: string, run?: () => unknown, href?: string, icon?: string, danger?: boolean, checked?: boolean, hint?: string }} Item */

/**
 * Let a button open a menu; the items are made each time.
 * @param {HTMLButtonElement} opener
 * @param {() => (Item | null)[]} items null draws a line
 * @returns {HTMLButtonElement} the button
 */
export function menuAt(opener, items) {
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", () => openMenu(opener, items()));
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    openMenu(opener, items());
  });
  return opener;
}

/**
 * @param {HTMLElement} opener
 * @param {(Item | null)[]} items
 */
export function openMenu(opener, items) {
  document.querySelector(".menu")?.remove();
  const menu = h("div", { class: "menu", role: "menu", popover: "manual" });
  const close = (/** @type {boolean} */ back) => {
    opener.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", away, true);
    menu.remove();
    if (back) opener.focus();
  };
  const away = (/** @type {PointerEvent} */ event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) close(opener.contains(event.target));
  };
  append(
    menu,
    items.map((one) => (one ? entry(one, close) : h("hr", { class: "menu-line" }))),
  );
  menu.addEventListener("keydown", (event) => walk(event, menu, close));
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) close(false);
  });
  (opener.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, opener);
  opener.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", away, true);
  entriesOf(menu)[0]?.focus();
}

/** @param {Item} item @param {(back: boolean) => void} close */
function entry(item, close) {
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  const props = {
    role,
    tabindex: -1,
    class: item.danger ? "menu-item menu-danger" : "menu-item",
    "aria-checked": item.checked?.toString(),
  };
  const inside = [
    h("span", { class: "menu-icon" }, item.icon ? icon(item.icon) : item.checked ? icon("check") : null),
    h("span", { class: "menu-label" }, item.label),
    item.hint ? h("kbd", {}, item.hint) : null,
  ];
  if (item.href) return h("a", { ...props, href: item.href, on: { click: () => close(false) } }, ...inside);
  const run = async () => {
    close(true);
    try {
      await item.run?.();
    } catch (error) {
      toast.problem(asProblem(error));
    }
  };
  return h("button", { ...props, type: "button", on: { click: run } }, ...inside);
}

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
function entriesOf(menu) {
  return /** @type {HTMLElement[]} */ ([...menu.querySelectorAll(".menu-item")]);
}

/** @param {KeyboardEvent} event @param {HTMLElement} menu @param {(back: boolean) => void} close */
function walk(event, menu, close) {
  const entries = entriesOf(menu);
  const at = entries.findIndex((one) => one === document.activeElement);
  /** @type {Record<string, () => unknown>} */
  const keys = {
    ArrowDown: () => entries[(at + 1) % entries.length]?.focus(),
    ArrowUp: () => entries[(at - 1 + entries.length) % entries.length]?.focus(),
    Home: () => entries[0]?.focus(),
    End: () => entries.at(-1)?.focus(),
    Escape: () => close(true),
    Tab: () => close(true),
  };
  const known = keys[event.key];
  if (known) {
    event.preventDefault();
    event.stopPropagation();
    known();
  } else if (event.key.length === 1 && event.key !== " ") {
    const letter = event.key.toLocaleLowerCase();
    const order = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
    order.find((one) => one.textContent?.trim().toLocaleLowerCase().startsWith(letter))?.focus();
  }
}

/** Put it below its button, or above, wherever there is room. @param {HTMLElement} menu @param {HTMLElement} opener */
export function place(menu, opener) {
  const box = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.max(8, Math.min(box.left, innerWidth - width - 8));
  const below = box.bottom + 4 + height <= innerHeight - 8;
  const top = below ? box.bottom + 4 : Math.max(8, box.top - 4 - height);
  restyle(menu, { left: `${left}px`, top: `${top}px` });
}
