// @ts-check
/** The others' cursors and selections, drawn over a text with their names and colours. */
import { h, replace, restyle } from "../core/dom.js";
import { colourOf } from "../core/text.js";

/** @typedef {{ userId: number, name: string, position: number, anchor: number, at: number }} Shown positions of the field */

/** Milliseconds that a name stays beside a cursor that does not move. */
const NAMED_FOR = 2500;
/** Lines of a selection that are drawn. */
const MOST_LINES = 200;

export class Overlay {
  /** @type {Map<number, HTMLElement>} */
  #flags = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {import("./mirror.js").Mirror} mirror @param {HTMLElement} sheet */
  constructor(mirror, sheet) {
    this.mirror = mirror;
    this.sheet = sheet;
    this.marks = h("div", { class: "editor-marks", "aria-hidden": "true" });
    this.flags = h("div", { class: "editor-flags", "aria-hidden": "true" });
  }

  /** @param {Shown[]} cursors */
  draw(cursors) {
    const ground = this.sheet.getBoundingClientRect();
    replace(
      this.marks,
      cursors.flatMap((one) => this.#selection(one, ground)),
    );
    for (const [id, flag] of this.#flags) {
      if (cursors.some((one) => one.userId === id)) continue;
      flag.remove();
      this.#flags.delete(id);
    }
    for (const one of cursors) this.#cursor(one, ground);
    clearTimeout(this.#timer);
    if (cursors.some((one) => Date.now() - one.at < NAMED_FOR))
      this.#timer = setTimeout(() => this.#quiet(cursors), NAMED_FOR);
  }

  /** @param {Shown[]} cursors */
  #quiet(cursors) {
    for (const { userId, at } of cursors) {
      if (Date.now() - at >= NAMED_FOR) this.#flags.get(userId)?.classList.remove("editor-flag-named");
    }
  }

  /** @param {Shown} shown @param {DOMRect} ground @returns {HTMLElement[]} */
  #selection({ userId, position, anchor }, ground) {
    const { lines } = this.mirror;
    if (!lines || position === anchor) return [];
    const [from, to] = [Math.min(position, anchor), Math.max(position, anchor)];
    const found = [];
    for (let line = lines.at(from); line <= lines.at(to) && found.length < MOST_LINES; line += 1) {
      const start = Math.max(from, lines.start(line)) - lines.start(line);
      const range = this.mirror.rangeIn(line, start, Math.min(to, lines.end(line)) - lines.start(line));
      for (const box of range?.getClientRects() ?? []) found.push(this.#mark(userId, box, ground));
    }
    return found;
  }

  /** @param {number} userId @param {DOMRect} box @param {DOMRect} ground */
  #mark(userId, box, ground) {
    const mark = h("div", { class: `editor-mark person-${colourOf(userId)}` });
    restyle(mark, {
      left: `${box.left - ground.left}px`,
      top: `${box.top - ground.top}px`,
      width: `${Math.max(box.width, 4)}px`,
      height: `${box.height}px`,
    });
    return mark;
  }

  /** @param {Shown} shown @param {DOMRect} ground */
  #cursor({ userId, name, position, at }, ground) {
    const box = this.boxAt(position);
    let flag = this.#flags.get(userId);
    if (!box) return flag?.classList.add("editor-flag-away");
    if (!flag) {
      flag = h(
        "div",
        { class: `editor-flag person-${colourOf(userId)}`, data: { user: userId } },
        h("span", { class: "editor-name" }),
      );
      this.#flags.set(userId, flag);
      this.flags.append(flag);
    }
    const label = /** @type {HTMLElement} */ (flag.firstElementChild);
    if (label.textContent !== name) label.textContent = name;
    flag.classList.remove("editor-flag-away");
    flag.classList.toggle("editor-flag-named", Date.now() - at < NAMED_FOR);
    flag.classList.toggle("editor-flag-top", box.top - ground.top < box.height);
    restyle(flag, { left: `${box.left - ground.left}px`, top: `${box.top - ground.top}px`, height: `${box.height}px` });
  }

  /** Where a position is on the screen, if its line is drawn. @param {number} position @returns {DOMRect | null} */
  boxAt(position) {
    const { lines } = this.mirror;
    if (!lines) return null;
    const line = lines.at(position);
    const at = position - lines.start(line);
    const range = this.mirror.rangeIn(line, at, at);
    const box = range?.getClientRects()[0];
    if (box || !range) return box ?? null;
    const start = range.startContainer.parentElement?.getBoundingClientRect(); // an empty line has no boxes
    return start ? new DOMRect(start.left, start.top, 0, this.mirror.lineHeight) : null;
  }

  dispose() {
    clearTimeout(this.#timer);
  }
}
