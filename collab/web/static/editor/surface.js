// @ts-check
/**
 * Where a text is written: the browser's own text field, so that input methods, phones, screen readers
 * and spelling work as everywhere, under a mirror that shows lines, colours and the others' cursors.
 */
import { h, restyle } from "../core/dom.js";
import { apply, endOf, moved, replacing } from "./delta.js";
import { difference, placeOf } from "./difference.js";
import { FieldText } from "./field_text.js";
import { languageOf } from "./highlight.js";
import { commandOf } from "./keys.js";
import { Mirror } from "./mirror.js";
import { toField } from "./newlines.js";
import { Overlay } from "./overlay.js";
import { reveal } from "./reveal.js";
import { broken, indentOf, indented, outdented } from "./typing.js";
import { Undo } from "./undo.js";

/** @typedef {import("./delta.js").Delta} Delta */
/**
 * @typedef {object} Owner
 * @property {(delta: Delta) => void} onEdit the person changed the text
 * @property {(position: number, anchor: number) => void} onCursor
 * @property {(on: boolean) => void} onHold while a character is being composed nothing may change under it
 * @property {() => void} onFind
 */

/** Pixels by which the sheet is wider than its longest line, so that it seldom grows. */
const SLACK = 240;

export class Surface {
  #shown = new FieldText("");
  #undo = new Undo();
  #composing = false;
  #leaving = false;
  #frame = 0;
  #indent = "  ";
  /** @type {import("./cursors.js").Cursor[]} */
  #cursors = [];
  #ends = new AbortController();

  /** @param {string} path @param {Owner} owner @param {string} hintId says how the keyboard leaves */
  constructor(path, owner, hintId) {
    this.owner = owner;
    const language = languageOf(path);
    this.#indent = language?.indent ?? "    ";
    // prettier-ignore
    this.input = h("textarea", {
      class: "editor-input", "aria-label": `Text of ${path}`, "aria-describedby": hintId, wrap: "off",
      spellcheck: "false", autocapitalize: "off", autocomplete: "off", autocorrect: "off", rows: 1,
    });
    this.sheet = h("div", { class: "editor-sheet" });
    this.element = h("div", { class: "editor-scroll" }, this.sheet);
    this.mirror = new Mirror(this.element, this.sheet);
    this.mirror.setLanguage(language?.tokenizer ?? null);
    this.overlay = new Overlay(this.mirror, this.sheet);
    this.sheet.append(this.overlay.marks, this.input, this.mirror.element, this.overlay.flags);
    this.#listen();
  }

  #listen() {
    const { signal } = this.#ends;
    const on = (
      /** @type {EventTarget} */ target,
      /** @type {string} */ kind,
      /** @type {(event: any) => void} */ listener,
    ) => target.addEventListener(kind, listener, { signal });
    on(this.input, "input", () => this.#composing || this.#read());
    on(this.input, "beforeinput", (event) => this.#before(event));
    on(this.input, "paste", (event) => this.#paste(event));
    on(this.input, "keydown", (event) => this.#key(event));
    on(this.input, "compositionstart", () => this.#compose(true));
    on(this.input, "compositionend", () => this.#compose(false));
    on(this.input, "blur", () => (this.#leaving = false));
    on(document, "selectionchange", () => document.activeElement === this.input && this.#selected());
    on(this.element, "scroll", () => this.redraw());
    const observer = new ResizeObserver(() => this.#fit());
    observer.observe(this.element);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  dispose() {
    this.#ends.abort();
    cancelAnimationFrame(this.#frame);
    this.mirror.dispose();
    this.overlay.dispose();
  }

  // -- the text ------------------------------------------------------------------------------

  /** What the field has: the text with `\n` alone. */
  get field() {
    return this.#shown.field;
  }

  get lines() {
    return this.#shown.lines;
  }

  /** @param {string} text */
  setText(text) {
    this.#undo.clear();
    this.#become(text, 0);
    this.input.value = this.field;
    this.input.setSelectionRange(0, 0);
    this.#indent = indentOf(this.field, this.#indent);
    this.#fit();
  }

  /** Take over another text, the same up to a position of the field. @param {string} text @param {number} from */
  #become(text, from) {
    const first = this.lines.at(from);
    this.#shown = new FieldText(text);
    this.mirror.show(this.lines, first);
  }

  /** Show what others did. @param {Delta} delta */
  apply(delta) {
    if (delta.length === 0) return;
    const text = apply(this.#shown.text, delta);
    this.#undo.follow(delta);
    this.#change(text, delta);
  }

  /** Show a changed text, with selection and scrolling where they were. @param {string} text @param {Delta} delta */
  #change(text, delta) {
    const { selectionStart, selectionEnd, selectionDirection, scrollLeft } = this.input;
    const ends = [selectionStart, selectionEnd].map((at) => moved(this.#shown.toText(at), delta));
    const top = this.lines.start(Math.floor(this.element.scrollTop / this.mirror.lineHeight));
    const topLine = this.lines.at(top);
    const anchor = moved(this.#shown.toText(top), delta);
    const before = this.field;
    this.#become(text, this.#shown.toField(placeOf(delta).at));
    const shift = this.lines.at(this.#shown.toField(anchor)) - topLine;
    this.#put(difference(before, this.field));
    const [start = 0, end = 0] = ends.map((at) => this.#shown.toField(at));
    this.input.setSelectionRange(start, end, selectionDirection);
    this.input.scrollLeft = scrollLeft;
    this.#fit();
    if (shift && topLine > 0) this.element.scrollTop += shift * this.mirror.lineHeight;
  }

  /** @param {Delta} delta a change of the field, in one place */
  #put(delta) {
    const { at, gone, text } = placeOf(delta);
    this.input.setRangeText(text, at, at + gone, "preserve");
  }

  // -- what the person does --------------------------------------------------------------------

  /** See what was typed. */
  #read() {
    const { value, selectionEnd } = this.input;
    this.#wrote(difference(this.field, value, selectionEnd));
  }

  /** Something was typed, as a change of the field. @param {Delta} delta */
  #wrote(delta) {
    if (delta.length === 0) return;
    const [change, clean] = this.#shown.inText(delta);
    const before = this.#shown.text;
    this.#undo.note(change, before, performance.now());
    this.#become(apply(before, change), placeOf(delta).at);
    if (!clean) this.#mend();
    this.owner.onEdit(change);
    this.#fit();
    this.#selected();
  }

  /** Let the field show what the text became. */
  #mend() {
    const { selectionEnd } = this.input;
    this.input.value = this.field;
    this.input.setSelectionRange(selectionEnd, selectionEnd);
  }

  /** @param {boolean} on */
  #compose(on) {
    this.#composing = on;
    this.sheet.classList.toggle("editor-composing", on);
    if (!on) this.#read();
    this.owner.onHold(on);
  }

  /** @param {InputEvent} event */
  #before(event) {
    const own = { historyUndo: () => this.#turn("undo"), historyRedo: () => this.#turn("redo") };
    const turn = own[/** @type {keyof typeof own} */ (event.inputType)];
    if (turn) [event.preventDefault(), turn()];
    else if (event.inputType === "insertLineBreak" && !event.isComposing) {
      event.preventDefault();
      this.#make(broken);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const wanted = commandOf(event);
    const isTab = wanted === "indent" || wanted === "outdent";
    if (event.key !== "Shift" && !isTab) this.#leaving = event.key === "Escape";
    // After Escape Tab goes on to what is next on the page.
    if (!wanted || (isTab && (this.#leaving || this.input.readOnly))) return;
    event.preventDefault();
    if (wanted === "find") this.owner.onFind();
    else if (isTab) this.#make(wanted === "indent" ? indented : outdented);
    else this.#turn(wanted);
  }

  /** Browsers take many seconds for thousands of lines; put in as a whole they cost nothing. @param {ClipboardEvent} event */
  #paste(event) {
    const pasted = toField(event.clipboardData?.getData("text/plain") ?? "");
    if (!pasted) return;
    event.preventDefault();
    this.#make((_, from, to) => ({ from, to, text: pasted, start: from + pasted.length, end: from + pasted.length }));
  }

  /** @param {typeof indented} change */
  #make(change) {
    if (this.input.readOnly) return;
    const { selectionStart, selectionEnd } = this.input;
    const { from, to, text, start, end } = change(this.field, selectionStart, selectionEnd, this.#indent);
    this.input.setRangeText(text, from, to, "end");
    this.input.setSelectionRange(start, end);
    this.#wrote(replacing(from, to - from, text));
  }

  /** @param {"undo" | "redo"} way */
  #turn(way) {
    if (this.input.readOnly) return;
    const delta = this.#undo[way](this.#shown.text);
    if (!delta) return;
    this.#change(apply(this.#shown.text, delta), delta);
    this.owner.onEdit(delta);
    const end = this.#shown.toField(endOf(delta));
    this.select(end, end);
  }

  #selected() {
    const { selectionStart, selectionEnd, selectionDirection } = this.input;
    const [start, end] = [this.#shown.toText(selectionStart), this.#shown.toText(selectionEnd)];
    if (selectionDirection === "backward") this.owner.onCursor(start, end);
    else this.owner.onCursor(end, start);
    this.#reveal(selectionDirection === "backward" ? selectionStart : selectionEnd);
  }

  /** Select a part of the field, and show it. @param {number} from @param {number} to */
  select(from, to) {
    this.input.setSelectionRange(from, to);
    this.#reveal(to, true);
  }

  /** Scroll so that a position is seen. @param {number} position @param {boolean} [centred] */
  #reveal(position, centred = false) {
    // A text that is wrapped is scrolled by the browser.
    if (centred || !this.sheet.classList.contains("editor-wrapped")) reveal(this, position, centred);
  }

  // -- what is seen ----------------------------------------------------------------------------

  /** @param {boolean} on */
  setReadOnly(on) {
    this.input.readOnly = on;
    this.sheet.classList.toggle("editor-reading", on);
  }

  /** @param {boolean} on */
  setWrap(on) {
    this.mirror.wrapWanted = on;
    this.input.setAttribute("wrap", on ? "soft" : "off");
    this.mirror.show(this.lines, 0);
    this.#fit();
  }

  /** @param {import("./cursors.js").Cursor[]} cursors positions of the text */
  setCursors(cursors) {
    this.#cursors = cursors;
    this.redraw();
  }

  /** Make the sheet as wide as its longest line. */
  #fit() {
    const { input } = this;
    if (this.sheet.classList.contains("editor-wrapped")) restyle(this.sheet, { "--width": "auto" });
    else if (input.scrollWidth > input.clientWidth)
      restyle(this.sheet, { "--width": `${input.offsetLeft + input.scrollWidth + SLACK}px` });
    this.redraw();
  }

  redraw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.mirror.draw();
      const to = (/** @type {number} */ at) => this.#shown.toField(at);
      this.overlay.draw(this.#cursors.map((one) => ({ ...one, position: to(one.position), anchor: to(one.anchor) })));
    });
  }
}
