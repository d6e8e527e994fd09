// @ts-check
/** A text's versions: who made them and when, what each changed, and the ways back. */
import { h, replace } from "../../core/dom.js";
import { loadFollowed, oneAtATime } from "../../core/newest.js";
import { asProblem, isAbort } from "../../core/problem.js";
import { Bag } from "../../core/store.js";
import { plural } from "../../core/text.js";
import { timeOf } from "../../core/time.js";
import { avatar } from "../../ui/avatar.js";
import { button, segmented } from "../../ui/button.js";
import { empty, problemBox } from "../../ui/empty.js";
import { skeleton } from "../../ui/skeleton.js";
import { toast } from "../../ui/toast.js";
import { folded, grouped, linesOf, partsOf } from "./changes.js";
import { paneHead } from "./pane_head.js";

/** @typedef {import("../../core/context.js").Context} Context */
/** @typedef {import("./changes.js").Group} Group */

/** Rows of a difference that are shown. */
const MOST_ROWS = 2000;
/** Milliseconds after which what others type is listed. */
const CALM = 800;
/** @type {Record<string, string>} */
const DOORS = { undo: "took changes back", restore: "restored a version", rest: "by the API", archive: "from a zip" };

/**
 * @param {Context} ctx
 * @param {{ id: number, path: string }} file
 * @param {{ mayWrite: () => boolean }} room
 */
export function historyPane(ctx, file, room) {
  const pane = new History(ctx, file, room);
  return { element: pane.element, dispose: pane.bag.dispose, moved: pane.head.moved, focus: () => {} };
}

class History {
  /** @type {import("./changes.js").Entry[]} */
  #entries = [];
  /** @type {string | null} */
  #cursor = null;
  /** @type {Group | null} */
  #chosen = null;
  #now = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Context} ctx @param {{ id: number, path: string }} file @param {{ mayWrite: () => boolean }} room */
  constructor(ctx, file, room) {
    this.ctx = ctx;
    this.file = file;
    this.room = room;
    this.bag = new Bag();
    this.list = h("ol", { class: "versions", "aria-label": "Versions, newest first" });
    this.older = button("Older", () => this.#more(), { look: "quiet" });
    this.detail = h("div", { class: "version-detail" }, skeleton(6, "line"));
    this.head = paneHead(ctx, file, { beside: "History", back: `/projects/${ctx.params["project"]}/files/${file.id}` });
    this.element = h(
      "div",
      { class: "pane" },
      this.head.element,
      h("div", { class: "history" }, h("div", { class: "history-list" }, this.list, this.older), this.detail),
    );
    const following = ctx.live.subscribe(`file:${file.id}`, (event) => event.type === "file.edited" && this.#soon(), {
      onGap: () => this.#soon(),
      onLost: () =>
        replace(
          this.detail,
          empty({ icon: "files", title: "This file is gone", text: "It was deleted, or you may no longer read it." }),
        ),
    });
    this.bag.add(following.close, () => clearTimeout(this.#timer));
    void loadFollowed(following, () => this.load());
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), CALM);
  }

  load = oneAtATime(async () => {
    try {
      const { data } = await this.ctx.api.get(`files/${this.file.id}/history`, {
        query: { limit: 100 },
        signal: this.ctx.signal,
      });
      this.#entries = data.items;
      this.#cursor = data.next_cursor;
      this.#draw();
    } catch (error) {
      if (!isAbort(error))
        replace(
          this.detail,
          problemBox(asProblem(error), () => this.load()),
        );
    }
  });

  async #more() {
    const { data } = await this.ctx.api.get(`files/${this.file.id}/history`, {
      query: { limit: 100, cursor: this.#cursor },
      signal: this.ctx.signal,
    });
    this.#entries.push(...data.items);
    this.#cursor = data.next_cursor;
    this.#draw();
  }

  #drawNothing() {
    const text = "Each change of the text becomes a version here.";
    replace(this.detail, empty({ icon: "history", title: "Nothing has been written yet", text }));
  }

  #draw() {
    const groups = grouped(this.#entries);
    this.older.hidden = !this.#cursor;
    if (groups.length === 0) return this.#drawNothing();
    const chosen = groups.find((one) => one.to === this.#chosen?.to) ?? groups[0];
    replace(
      this.list,
      groups.map((one) => this.#row(one, one === chosen)),
    );
    if (chosen && (chosen.to !== this.#chosen?.to || chosen.from !== this.#chosen?.from)) void this.#choose(chosen);
  }

  /** @param {Group} group @param {boolean} chosen */
  #row(group, chosen) {
    const name = group.author?.name ?? "Collab";
    const sizes = h(
      "span",
      { class: "version-sizes" },
      h("span", { class: "version-new" }, `+${group.inserted}`),
      h("span", { class: "version-gone" }, `−${group.deleted}`),
      h("span", { class: "unseen" }, " characters"),
    );
    const words = group.count > 1 ? plural(group.count, "change") : (DOORS[group.door] ?? `version ${group.to}`);
    const pick = h(
      "button",
      {
        type: "button",
        class: "version",
        "aria-current": chosen ? "true" : null,
        on: { click: () => this.#pick(group) },
      },
      group.author ? avatar(group.author, { size: "small", decorative: true }) : null,
      h(
        "span",
        { class: "version-who" },
        h("span", { class: "version-name", dir: "auto" }, name),
        h("span", { class: "version-what" }, `${words}, `, timeOf(group.at)),
      ),
      sizes,
    );
    return h("li", {}, pick);
  }

  /** @param {Group} group */
  #pick(group) {
    for (const one of this.list.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
    this.list.children[grouped(this.#entries).findIndex((one) => one.to === group.to)]?.firstElementChild?.setAttribute(
      "aria-current",
      "true",
    );
    void this.#choose(group);
  }

  /** Show what a group changed, or what has been changed since. @param {Group} group */
  async #choose(group) {
    this.#chosen = group;
    const place = h("div", { "aria-busy": "true" }, skeleton(6, "line"));
    // The ways back are this version's from the beginning: those of the last one would bring back another.
    replace(this.detail, this.#bar(group), place);
    try {
      const [from, to] = this.#now ? [group.to, this.#entries[0]?.version ?? group.to] : [group.base, group.to];
      place.replaceWith(diffTable(await this.#difference(from, to)));
    } catch (error) {
      if (!isAbort(error)) place.replaceWith(problemBox(asProblem(error), () => this.#choose(group)));
    }
  }

  /** What can be compared, and done. @param {Group} group */
  #bar(group) {
    const compare = segmented(
      "Compare",
      [
        ["then", "What it changed"],
        ["now", "What changed since"],
      ],
      this.#now ? "now" : "then",
      (way) => {
        this.#now = way === "now";
        void this.#choose(group);
      },
    );
    return h("div", { class: "version-bar" }, compare, this.#ways(group));
  }

  /** @param {number} from @param {number} to */
  async #difference(from, to) {
    const options = { signal: this.ctx.signal };
    const path = `files/${this.file.id}`;
    const [before, difference] = await Promise.all([
      this.ctx.api.get(`${path}/content`, { ...options, query: { version: from } }),
      this.ctx.api.get(`${path}/diff`, { ...options, query: { from, to } }),
    ]);
    return folded(linesOf(partsOf(before.data ?? "", difference.data.edits)));
  }

  /** The ways back. @param {Group} group */
  #ways(group) {
    if (!this.room.mayWrite()) return null;
    const newest = this.#entries[0]?.version ?? 0;
    const restore = button("Restore this version", () => this.#restore(group.to), {
      icon: "retry",
      disabled: group.to === newest,
    });
    const who = group.author;
    if (!who) return h("span", { class: "version-ways" }, restore);
    const mine = who.id === this.ctx.user.id;
    const one = button(group.count > 1 ? "Undo these changes" : "Undo this change", () =>
      this.#undo(who.id, group.from, group.to),
    );
    const all = button(mine ? "Undo mine from here on" : `Undo ${who.name}’s from here on`, () =>
      this.#undo(who.id, group.from, null),
    );
    return h("span", { class: "version-ways" }, restore, one, group.to === newest ? null : all);
  }

  /** @param {number} version */
  async #restore(version) {
    const [before, chosen] = [this.#entries[0]?.version ?? 0, this.#chosen];
    const { data } = await this.ctx.api.post(`files/${this.file.id}/restore`, { body: { version }, idempotent: true });
    this.#told(
      chosen,
      data.changed ? `Version ${version} is back.` : "The text is already the same.",
      data.changed ? before : null,
    );
  }

  /** Take back what one person changed, and keep what others did. @param {number} author @param {number} from @param {number | null} to */
  async #undo(author, from, to) {
    const [before, chosen] = [this.#entries[0]?.version ?? 0, this.#chosen];
    const body = { author_id: author, from_version: from, ...(to === null ? {} : { to_version: to }) };
    const { data } = await this.ctx.api.post(`files/${this.file.id}/undo`, { body, idempotent: true });
    this.#told(
      chosen,
      data.changed ? "Undone. What others wrote is still there." : "None of it is left to undo.",
      data.changed ? before : null,
    );
  }

  /** @param {Group | null} chosen when it was done @param {string} text @param {number | null} before the version to which it can be undone */
  #told(chosen, text, before) {
    const undo = async () => {
      await this.ctx.api
        .post(`files/${this.file.id}/restore`, { body: { version: before }, idempotent: true })
        .catch((error) => toast.problem(asProblem(error)));
    };
    toast.show(before === null ? { text } : { text, action: { label: "Undo", run: undo } });
    if (this.#chosen === chosen) this.#chosen = null; // who looks at another one meanwhile stays there
    void this.load();
  }
}

/** @param {import("./changes.js").Row[]} rows */
function diffTable(rows) {
  if (!rows.some((one) => "parts" in one))
    return empty({ icon: "check", title: "No difference", text: "The text was the same before and after." });
  const shown = rows.slice(0, MOST_ROWS).map((row) => {
    if ("fold" in row) return h("div", { class: "diff-fold" }, plural(row.fold, "line"), " as before");
    return h(
      "div",
      { class: row.changed ? "diff-line diff-changed" : "diff-line" },
      h("span", { class: "diff-number", "aria-hidden": "true" }, row.number ?? ""),
      h("span", { class: "diff-text" }, row.parts.map(partOf)),
    );
  });
  return h(
    "div",
    { class: "diff", tabindex: 0, role: "region", "aria-label": "Difference" },
    shown,
    rows.length > MOST_ROWS ? h("div", { class: "diff-fold" }, "The rest is not shown.") : null,
  );
}

/** @param {import("./changes.js").Part} part */
function partOf({ kind, text }) {
  if (kind === "kept") return text;
  return h(kind === "new" ? "ins" : "del", {}, text);
}
