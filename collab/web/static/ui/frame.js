// @ts-check
/** What is around every view of who is signed in: the bar with its ways, and the connection's state. */
import { h, replace } from "../core/dom.js";
import { live } from "../core/live.js";
import { projects, unread } from "../core/mine.js";
import { session } from "../core/session.js";
import { Bag } from "../core/store.js";
import { setTheme, theme } from "../core/theme.js";
import { avatar } from "./avatar.js";
import { iconButton } from "./button.js";
import { icon, mark } from "./icons.js";
import { menuAt } from "./menu.js";
import { newProject } from "./new-project.js";
import { openPalette } from "./open-palette.js";
import { keyNames, openSheet } from "./shortcuts.js";

/** @type {[string, string, string][]} address, words, icon */
const WAYS = [
  ["/", "Home", "home"],
  ["/tasks", "My tasks", "tasks"],
  ["/notifications", "Notifications", "bell"],
  ["/posts", "Posts", "posts"],
  ["/jobs", "Jobs", "jobs"],
  ["/activity", "Activity", "activity"],
];

/** @type {Record<string, string>} */
const STATES = {
  off: "Not connected",
  connecting: "Connecting…",
  online: "Connected",
  reconnecting: "Reconnecting…",
  offline: "Offline",
};

/**
 * @param {import("../core/session.js").User} user
 * @returns {{ element: HTMLElement, view: HTMLElement, main: HTMLElement, moved: () => void, dispose: () => void }}
 */
export function makeFrame(user) {
  const bag = new Bag();
  const view = h("div", { class: "view" });
  const main = h("main", { class: "main", id: "main", tabindex: -1 }, banner(bag), view);
  const side = h("nav", { class: "sidebar", id: "sidebar", "aria-label": "Main" });
  const opener = iconButton("menu", "Menu", () => toggle(), { "aria-expanded": "false", "aria-controls": "sidebar" });
  const top = h(
    "header",
    { class: "topbar" },
    opener,
    brand(),
    connection(bag),
    iconButton("search", "Search", openPalette),
    bell(bag),
  );
  const skip = h("a", { class: "skip", href: "#main", on: { click: skipTo } }, "Skip to the content");
  const element = h("div", { class: "frame" }, skip, top, side, main);
  const list = h("div", { class: "nav" });
  replace(side, brand(), search(), ways(bag), projectsPart(list), foot(user, bag));

  /** @param {boolean} [open] */
  function toggle(open = element.dataset["menu"] !== "open") {
    element.dataset["menu"] = open ? "open" : "";
    opener.setAttribute("aria-expanded", String(open));
    for (const one of [main, top]) one.inert = open;
    if (open) side.querySelector("a")?.focus();
  }
  /** @param {MouseEvent} event */
  function skipTo(event) {
    event.preventDefault();
    main.focus();
  }
  element.addEventListener("click", (event) => {
    if (element.dataset["menu"] !== "open" || !(event.target instanceof Element)) return;
    if (!side.contains(event.target) && !opener.contains(event.target)) toggle(false);
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || element.dataset["menu"] !== "open") return;
    toggle(false);
    opener.focus();
  });
  const moved = () => {
    toggle(false);
    markPlaces(element);
  };
  bag.add(
    projects.subscribe((found) => {
      drawProjects(list, found);
      markPlaces(element);
    }),
  );
  return { element, view, main, moved, dispose: bag.dispose };
}

function brand() {
  return h("a", { class: "brand", href: "/" }, mark(), "Collab");
}

function search() {
  return h(
    "button",
    { type: "button", class: "nav-link nav-search", on: { click: openPalette } },
    icon("search"),
    h("span", {}, "Search"),
    h("kbd", {}, keyNames("mod+k")),
  );
}

/** @param {Bag} bag */
function bell(bag) {
  const link = h("a", { class: "icon-button", href: "/notifications" }, icon("bell"), count(bag));
  bag.add(unread.subscribe((n) => link.setAttribute("aria-label", n ? `Notifications, ${n} unread` : "Notifications")));
  return link;
}

/** How much is unread. @param {Bag} bag */
function count(bag) {
  const made = h("span", { class: "nav-count", hidden: true });
  bag.add(
    unread.subscribe((n) => {
      made.hidden = n === 0;
      made.textContent = n > 99 ? "99+" : String(n);
    }),
  );
  return made;
}

/** @param {Bag} bag */
function ways(bag) {
  return h(
    "div",
    { class: "nav" },
    WAYS.map(([href, words, name]) => wayTo(href, words, name, bag)),
  );
}

/** @param {string} href @param {string} words @param {string} name @param {Bag} bag */
function wayTo(href, words, name, bag) {
  return h(
    "a",
    { class: "nav-link", href },
    icon(name),
    h("span", {}, words),
    href === "/notifications" ? count(bag) : null,
  );
}

/** @param {HTMLElement} list */
function projectsPart(list) {
  const add = iconButton("plus", "New project", newProject);
  return h(
    "div",
    {},
    h("div", { class: "nav-title" }, h("a", { href: "/projects", class: "quiet" }, "Projects"), add),
    list,
  );
}

/** @param {HTMLElement} list @param {import("../core/context.js").Project[] | null} found */
function drawProjects(list, found) {
  replace(
    list,
    (found ?? []).map((one) =>
      h(
        "a",
        { class: "nav-link", href: `/projects/${one.id}`, data: { below: `/projects/${one.id}/` } },
        icon("project"),
        h("span", {}, one.name),
      ),
    ),
  );
}

/** @param {import("../core/session.js").User} user @param {Bag} bag */
function foot(user, bag) {
  const name = h("span", {}, user.name);
  const person = h(
    "button",
    { type: "button", class: "nav-link" },
    avatar(user, { size: "small", decorative: true }),
    name,
    icon("down", 14),
  );
  menuAt(person, () => [
    { label: "Account", href: "/account", icon: "user" },
    { label: "Keyboard", run: openSheet, icon: "keyboard", hint: "?" },
    { label: "API documentation", run: () => location.assign("/api/docs"), icon: "link" },
    null,
    ...["system", "light", "dark"].map((one) => ({
      label: { system: "Colours of the system", light: "Light", dark: "Dark" }[one] ?? one,
      run: () => setTheme(one),
      checked: theme() === one,
    })),
    null,
    { label: "Sign out", run: () => session.signOut(), icon: "out" },
  ]);
  bag.add(session.user.subscribe((now) => now && (name.textContent = now.name)));
  const admin =
    user.role === "admin"
      ? h("a", { class: "nav-link", href: "/admin", data: { below: "/admin/" } }, icon("admin"), h("span", {}, "Admin"))
      : null;
  return h("div", { class: "sidebar-foot" }, admin, person, connection(bag));
}

/** @param {Bag} bag */
function connection(bag) {
  const made = h("p", { class: "connection", role: "status" });
  bag.add(
    live.state.subscribe((state) => {
      made.dataset["state"] = state;
      made.textContent = STATES[state] ?? state;
    }),
  );
  return made;
}

/** @param {Bag} bag */
function banner(bag) {
  const made = h("div", { class: "banner", role: "alert", hidden: true });
  const again = { type: /** @type {const} */ ("button"), class: "button button-plain", on: { click: live.retryNow } };
  bag.add(
    live.state.subscribe((state) => {
      made.hidden = state !== "offline";
      replace(made, made.hidden ? null : [h("span", {}, UNREACHABLE), h("button", again, "Try now")]);
    }),
  );
  return made;
}

const UNREACHABLE = "The server can’t be reached. What you see may be old; this page reconnects by itself.";

/** Say which of the links is where we are. @param {HTMLElement} element */
function markPlaces(element) {
  for (const link of element.querySelectorAll(".sidebar a[href]")) {
    const here = link.getAttribute("href") === location.pathname;
    const below =
      link instanceof HTMLElement && link.dataset["below"] && location.pathname.startsWith(link.dataset["below"]);
    if (here) link.setAttribute("aria-current", "page");
    else if (below) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
