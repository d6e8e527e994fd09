// @ts-check
/** One field for everything: what is found by its words, and the ways to each part of the page. */
import { api } from "../core/api.js";
import { h, loadStyles, replace } from "../core/dom.js";
import { projects } from "../core/mine.js";
import { isAbort } from "../core/problem.js";
import { router } from "../core/router.js";
import { user } from "../core/session.js";
import { marked } from "../core/text.js";
import { setTheme } from "../core/theme.js";
import { icon } from "../ui/icons.js";
import { newProject } from "../ui/new-project.js";
import { openSheet } from "../ui/shortcuts.js";

/** @typedef {{ label: import("../core/dom.js").Children, words: string, hint?: string, icon: string, run: () => unknown }} Entry */

/** Milliseconds without a key after which the server is asked. */
const PAUSE = 160;
/** Entries of commands and of what is found. */
const MAX_COMMANDS = 6;
const MAX_FOUND = 12;

/** @type {Record<string, string>} */
const ICONS = {
  project: "project",
  task: "tasks",
  post: "posts",
  collection: "collection",
  file: "files",
  user: "user",
  workspace: "folder",
  comment: "comment",
};

/** Open the palette; it closes with Escape, or by choosing. */
export async function open() {
  if (document.querySelector("dialog.palette")) return;
  await loadStyles("rooms");
  const input = h("input", {
    class: "palette-input",
    type: "text",
    role: "combobox",
    "aria-label": "Search, or go somewhere",
    "aria-controls": "palette-list",
    "aria-expanded": "true",
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "Search, or go somewhere",
  });
  const list = h("ul", { class: "palette-list", id: "palette-list", role: "listbox", "aria-label": "Found" });
  const said = h("p", { class: "unseen", role: "status" });
  const dialog = h("dialog", { class: "palette", "aria-label": "Search" }, input, list, said);
  const palette = new Palette(dialog, input, list, said);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
  palette.look();
}

class Palette {
  /** @type {Entry[]} */
  #entries = [];
  #at = 0;
  #asked = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLDialogElement} dialog @param {HTMLInputElement} input @param {HTMLElement} list @param {HTMLElement} said */
  constructor(dialog, input, list, said) {
    this.dialog = dialog;
    this.input = input;
    this.list = list;
    this.said = said;
    input.addEventListener("input", () => this.look());
    input.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show what matches: commands at once, what the server finds a moment later. */
  look() {
    const words = this.input.value.trim();
    const commands = matching(words).slice(0, MAX_COMMANDS);
    this.#show(commands);
    clearTimeout(this.#timer);
    this.#asked.abort();
    if (words) this.#timer = setTimeout(() => void this.#ask(words, commands), PAUSE);
  }

  /** @param {string} words @param {Entry[]} commands */
  async #ask(words, commands) {
    this.#asked = new AbortController();
    try {
      const query = { q: words, limit: MAX_FOUND };
      const { data } = await api.get("search", { query, signal: this.#asked.signal });
      this.#show([...commands, ...data.items.map(foundEntry)]);
      if (!this.#entries.length)
        replace(this.list, h("li", { class: "palette-none" }, `Nothing is called “${words}”.`));
      this.said.textContent = `${data.items.length} found`;
    } catch (error) {
      if (!isAbort(error))
        replace(this.list, h("li", { class: "palette-none", role: "alert" }, "Search can’t be reached now."));
    }
  }

  /** @param {Entry[]} entries */
  #show(entries) {
    this.#entries = entries;
    this.#at = 0;
    this.#draw();
  }

  #draw() {
    replace(
      this.list,
      this.#entries.map((one, index) => {
        const active = index === this.#at;
        const props = {
          role: "option",
          id: `palette-${index}`,
          class: "palette-entry",
          "aria-selected": String(active),
        };
        const hint = one.hint ? h("span", { class: "palette-hint" }, one.hint) : null;
        return h(
          "li",
          { ...props, on: { click: () => this.#run(one) } },
          icon(one.icon),
          h("span", { class: "palette-label", dir: "auto" }, one.label),
          hint,
        );
      }),
    );
    if (this.#entries.length) this.input.setAttribute("aria-activedescendant", `palette-${this.#at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.list.children[this.#at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const count = this.#entries.length;
    const entry = this.#entries[this.#at];
    if (event.isComposing || !count) return;
    if (event.key === "ArrowDown") this.#at = (this.#at + 1) % count;
    else if (event.key === "ArrowUp") this.#at = (this.#at - 1 + count) % count;
    else if (event.key === "Enter" && entry) return this.#run(entry);
    else return;
    event.preventDefault();
    this.#draw();
  }

  /** @param {Entry} entry */
  #run(entry) {
    this.dialog.close();
    entry.run();
  }
}

/** @param {any} one @returns {Entry} */
function foundEntry(one) {
  const href = placeOf(one);
  return {
    label: marked(one.excerpt.title_html || one.title),
    words: one.title,
    hint: one.project_name ?? one.type,
    icon: ICONS[one.type] ?? "search",
    run: () => href && router.go(href),
  };
}

/** Where a thing that was found is shown. @param {{ type: string, id: number, project_id: number | null, url: string }} one */
export function placeOf({ type, id, project_id: project, url }) {
  if (type === "project") return `/projects/${id}`;
  if (type === "task") return project ? `/projects/${project}/board/${id}` : `/tasks/${id}`;
  if (type === "file") return `/projects/${project}/files/${id}`;
  if (type === "workspace") return `/projects/${project}/files`;
  if (type === "post") return `/posts/${id}`;
  if (type === "collection") return `/collections/${id}`;
  const task = /\/tasks\/(\d+)/.exec(url)?.[1];
  if (task) return project ? `/projects/${project}/board/${task}` : `/tasks/${task}`;
  return project ? `/projects/${project}` : null;
}

/** Commands whose words begin as what was typed. @param {string} words */
function matching(words) {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return commands().filter((one) => {
    const own = one.words.toLocaleLowerCase().split(/\s+/);
    return wanted.every((word) => own.some((mine) => mine.startsWith(word)));
  });
}

/** @returns {Entry[]} */
function commands() {
  const go = (/** @type {string} */ words, /** @type {string} */ href, /** @type {string} */ name) => ({
    label: words,
    words,
    icon: name,
    hint: "Go",
    run: () => router.go(href),
  });
  const run = (/** @type {string} */ words, /** @type {string} */ name, /** @type {() => unknown} */ does) => ({
    label: words,
    words,
    icon: name,
    run: does,
  });
  const admin = user.get()?.role === "admin" ? [go("Installation", "/admin", "admin")] : [];
  return [
    ...(projects.get() ?? []).map((one) => go(one.name, `/projects/${one.id}`, "project")),
    go("Home", "/", "home"),
    go("My tasks", "/tasks", "tasks"),
    go("Notifications", "/notifications", "bell"),
    go("Posts", "/posts", "posts"),
    go("Collections", "/collections", "collection"),
    go("Jobs", "/jobs", "jobs"),
    go("Schedules", "/schedules", "calendar"),
    go("Activity", "/activity", "activity"),
    ...admin,
    run("New project", "plus", newProject),
    run("Dark theme", "moon", () => setTheme("dark")),
    run("Light theme", "sun", () => setTheme("light")),
    run("Keyboard shortcuts", "keyboard", openSheet),
  ];
}
