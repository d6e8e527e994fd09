// @ts-check
/** Finding in a text: all places are marked, Enter goes from one to the next. */
import { h } from "../core/dom.js";
import { iconButton } from "../ui/button.js";
import { MOST, placesOf } from "./places.js";

export class Find {
  /** @type {[number, number][]} */
  #places = [];
  #at = -1;

  /** @param {import("./surface.js").Surface} surface */
  constructor(surface) {
    this.surface = surface;
    this.input = h("input", {
      class: "input find-field",
      type: "search",
      "aria-label": "Find in this file",
      placeholder: "Find",
      spellcheck: "false",
      autocomplete: "off",
    });
    this.exact = h("input", { type: "checkbox" });
    this.count = h("span", { class: "find-count", role: "status" });
    this.element = h(
      "div",
      { class: "find", role: "search", hidden: true },
      this.input,
      this.count,
      iconButton("left", "Previous (Shift-Enter)", () => this.#go(-1)),
      iconButton("right", "Next (Enter)", () => this.#go(1)),
      h("label", { class: "find-exact" }, this.exact, "Aa", h("span", { class: "unseen" }, "with the same case")),
      iconButton("close", "Close (Escape)", () => this.close()),
    );
    this.input.addEventListener("input", () => this.search());
    this.exact.addEventListener("change", () => this.search());
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  open() {
    const { input } = this.surface;
    const chosen = this.surface.field.slice(input.selectionStart, input.selectionEnd);
    if (chosen && chosen.length < 100 && !chosen.includes("\n")) this.input.value = chosen;
    this.element.hidden = false;
    this.input.focus();
    this.input.select();
    this.search();
  }

  close() {
    this.element.hidden = true;
    this.#places = [];
    this.#mark();
    this.surface.input.focus();
  }

  /** Look again, as after a change of the text. */
  search() {
    if (this.element.hidden) return;
    this.#places = placesOf(this.surface.field, this.input.value, this.exact.checked);
    const from = this.surface.input.selectionStart;
    this.#at = this.#places.findIndex(([start]) => start >= from);
    if (this.#at === -1 && this.#places.length > 0) this.#at = 0;
    this.#mark();
  }

  /** @param {number} step */
  #go(step) {
    const count = this.#places.length;
    if (count === 0) return;
    this.#at = (this.#at + step + count) % count;
    this.#mark();
    this.#show();
  }

  #show() {
    const place = this.#places[this.#at];
    if (place) this.surface.select(place[0], place[1]);
  }

  #mark() {
    const marks = this.#places.map(([from, to], at) => ({ from, to, kind: at === this.#at ? "found-now" : "found" }));
    this.surface.mirror.marks = marks;
    const total = this.#places.length === MOST ? `${MOST}+` : String(this.#places.length);
    this.count.textContent = !this.input.value
      ? ""
      : this.#places.length === 0
        ? "Nothing"
        : `${this.#at + 1} of ${total}`;
    this.surface.redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") [event.preventDefault(), event.stopPropagation(), this.close()];
    else if (event.key === "Enter" && event.target === this.input)
      [event.preventDefault(), this.#go(event.shiftKey ? -1 : 1)];
  }
}
