// @ts-check
/**
 * Dragging cards with a mouse, a pen or a finger: pointer events, since the browser's own dragging knows no
 * touch. A finger has to rest a moment first, or nobody could scroll.
 */
import { restyle } from "../core/dom.js";

/** Pixels after which a press with the mouse is a drag, and milliseconds that a finger rests. */
const THRESHOLD = 5;
const REST = 280;
/** Pixels from an edge where the board scrolls by itself, and how far each time. */
const EDGE = 48;
const STEP = 12;

/**
 * @typedef {object} Hooks
 * @property {(card: HTMLElement) => boolean} may
 * @property {(card: HTMLElement, column: HTMLElement, index: number) => void} dropped `index` counts without the card
 */

/**
 * Let cards (`.card`) be dragged between lists (`.column-cards`) of a board.
 * @param {HTMLElement} board
 * @param {Hooks} hooks
 * @returns {() => void}
 */
export function makeDraggable(board, hooks) {
  /** @type {Drag | null} */
  let drag = null;
  const down = (/** @type {PointerEvent} */ event) => {
    const card = event.target instanceof Element ? event.target.closest(".card") : null;
    const onButton = event.target instanceof Element && event.target.closest("button");
    if (drag || event.button || onButton || !(card instanceof HTMLElement) || !hooks.may(card)) return;
    drag = new Drag(board, card, event, hooks, () => (drag = null));
  };
  const noClick = (/** @type {Event} */ event) => {
    if (!board.dataset["dropped"]) return;
    event.preventDefault();
    event.stopPropagation();
  };
  board.addEventListener("pointerdown", down);
  board.addEventListener("click", noClick, true);
  board.addEventListener("dragstart", (event) => event.preventDefault());
  return () => {
    board.removeEventListener("pointerdown", down);
    board.removeEventListener("click", noClick, true);
    drag?.end(false);
  };
}

class Drag {
  /** @type {HTMLElement | null} */
  #ghost = null;
  #mark = document.createElement("li");
  #over = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;
  #frame = 0;
  /** @type {{ x: number, y: number }} */
  #at;

  /**
   * @param {HTMLElement} board
   * @param {HTMLElement} card
   * @param {PointerEvent} event
   * @param {Hooks} hooks
   * @param {() => void} ended
   */
  constructor(board, card, event, hooks, ended) {
    this.board = board;
    this.card = card;
    this.hooks = hooks;
    this.ended = ended;
    this.pointer = event.pointerId;
    this.touch = event.pointerType === "touch";
    this.start = { x: event.clientX, y: event.clientY };
    this.#at = this.start;
    this.#mark.className = "card-mark";
    const { signal } = this.#over;
    document.addEventListener("pointermove", (moved) => this.#moved(moved), { signal });
    document.addEventListener("pointerup", () => this.end(true), { signal });
    document.addEventListener("pointercancel", () => this.end(false), { signal });
    document.addEventListener("keydown", (key) => key.key === "Escape" && this.end(false), { signal });
    // Once it is a drag, a finger must not scroll the page as well.
    document.addEventListener("touchmove", (touch) => this.#ghost && touch.preventDefault(), {
      signal,
      passive: false,
    });
    if (this.touch) this.#rest = setTimeout(() => this.#lift(), REST);
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    if (event.pointerId !== this.pointer) return;
    this.#at = { x: event.clientX, y: event.clientY };
    const way = Math.hypot(this.#at.x - this.start.x, this.#at.y - this.start.y);
    if (!this.#ghost && way > THRESHOLD) {
      if (this.touch) return this.end(false);
      this.#lift();
    }
    if (this.#ghost) this.#follow();
  }

  /** Take the card up: a copy follows the pointer, a gap shows where it would go. */
  #lift() {
    const box = this.card.getBoundingClientRect();
    this.offset = { x: this.start.x - box.left, y: this.start.y - box.top };
    this.#ghost = /** @type {HTMLElement} */ (this.card.cloneNode(true));
    this.#ghost.classList.add("card-ghost");
    this.#ghost.setAttribute("aria-hidden", "true");
    restyle(this.#ghost, { width: `${box.width}px` });
    restyle(this.#mark, { height: `${box.height}px` });
    document.body.append(this.#ghost);
    this.card.classList.add("card-lifted");
    this.card.after(this.#mark);
    this.#follow();
    this.#scroll();
  }

  #follow() {
    const { x, y } = this.#at;
    const left = x - (this.offset?.x ?? 0);
    const top = y - (this.offset?.y ?? 0);
    if (this.#ghost) restyle(this.#ghost, { transform: `translate(${left}px, ${top}px)` });
    const column = this.#columnAt(x, y);
    if (!column) return;
    const next = cardsOf(column, this.card).find((one) => {
      const box = one.getBoundingClientRect();
      return y < box.top + box.height / 2;
    });
    if (next) next.before(this.#mark);
    else column.append(this.#mark);
  }

  /** @param {number} x @param {number} y @returns {HTMLElement | undefined} */
  #columnAt(x, y) {
    const columns = /** @type {HTMLElement[]} */ ([...this.board.querySelectorAll(".column")]);
    const within = (/** @type {HTMLElement} */ one) => {
      const box = one.getBoundingClientRect();
      return x >= box.left && x <= box.right && y >= box.top - EDGE && y <= box.bottom + EDGE;
    };
    return columns.find(within)?.querySelector(".column-cards") ?? undefined;
  }

  #scroll() {
    const step = () => {
      if (!this.#ghost) return;
      const box = this.board.getBoundingClientRect();
      const { x, y } = this.#at;
      this.board.scrollLeft += x > box.right - EDGE ? STEP : x < box.left + EDGE ? -STEP : 0;
      scrollBy(0, y > innerHeight - EDGE ? STEP : y < EDGE ? -STEP : 0);
      this.#follow();
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  /** @param {boolean} dropped */
  end(dropped) {
    clearTimeout(this.#rest);
    cancelAnimationFrame(this.#frame);
    this.#over.abort();
    const lifted = this.#ghost !== null;
    const column = this.#mark.parentElement;
    const index = column ? [...column.children].filter((one) => one !== this.card).indexOf(this.#mark) : -1;
    this.#ghost?.remove();
    this.#ghost = null;
    this.#mark.remove();
    this.card.classList.remove("card-lifted");
    this.ended();
    if (!lifted) return;
    // The click that ends a drag opens nothing.
    this.board.dataset["dropped"] = "1";
    setTimeout(() => delete this.board.dataset["dropped"], 0);
    if (dropped && column) this.hooks.dropped(this.card, column, index);
  }
}

/** @param {HTMLElement} column @param {HTMLElement} without @returns {HTMLElement[]} */
function cardsOf(column, without) {
  return /** @type {HTMLElement[]} */ ([...column.querySelectorAll(".card")]).filter((one) => one !== without);
}
