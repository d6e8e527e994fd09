// @ts-check
/**
 * The board by keys: arrows walk from card to card, Space takes one up, arrows carry it, Space puts it down and
 * Escape puts it back. What happens is said to those who don't see it.
 */

/**
 * @typedef {object} Hooks
 * @property {(card: HTMLElement) => boolean} may
 * @property {(card: HTMLElement, column: HTMLElement, index: number) => void} dropped
 * @property {(words: string) => void} say
 */

/**
 * @param {HTMLElement} board
 * @param {Hooks} hooks
 * @returns {() => void}
 */
export function makeKeyboard(board, hooks) {
  /** The card in hand, and what it stood before. @type {{ card: HTMLElement, home: Element | null, list: HTMLElement } | null} */
  let held = null;

  /** @param {HTMLElement} card */
  function lift(card) {
    if (!hooks.may(card)) return;
    held = { card, home: card.nextElementSibling, list: listOf(card) };
    card.classList.add("card-held");
    hooks.say(`${titleOf(card)} is taken up. Arrows move it, Space puts it down, Escape puts it back.`);
  }

  /** @param {boolean} keep */
  function put(keep) {
    if (!held) return;
    const { card, home, list } = held;
    held = null;
    card.classList.remove("card-held");
    const target = listOf(card);
    const moved = target !== list || card.nextElementSibling !== home;
    if (keep && moved) hooks.dropped(card, target, cardsOf(target).indexOf(card));
    else list.insertBefore(card, home);
    // The board may have drawn it anew.
    /** @type {HTMLElement | null} */ (
      board.querySelector(`[data-task="${card.dataset["task"]}"] .card-link`)
    )?.focus();
    hooks.say(keep ? `${titleOf(card)} is put down in ${nameOf(target)}.` : `${titleOf(card)} is back.`);
  }

  /** @param {HTMLElement} card @param {string} key */
  function carry(card, key) {
    const list = listOf(card);
    if (key === "ArrowUp") card.previousElementSibling?.before(card);
    else if (key === "ArrowDown") card.nextElementSibling?.after(card);
    else {
      const target = neighbour(board, list, key);
      if (!target) return;
      const at = cardsOf(list).indexOf(card);
      target.insertBefore(card, cardsOf(target)[at] ?? null);
    }
    linkOf(card)?.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    const cards = cardsOf(listOf(card));
    hooks.say(`${nameOf(listOf(card))}, ${cards.indexOf(card) + 1} of ${cards.length}`);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || !(event.target instanceof HTMLElement)) return;
    const card = event.target.closest(".card");
    if (!(card instanceof HTMLElement) || !event.target.matches(".card-link")) return;
    if (event.key === " ") held ? put(true) : lift(card);
    else if (event.key === "Escape" && held) put(false);
    else if (event.key === "Enter" && held) put(true);
    else if (!event.key.startsWith("Arrow")) return;
    else if (held) carry(held.card, event.key);
    else walk(board, card, event.key);
    event.preventDefault();
    event.stopPropagation();
  }

  /** Whoever leaves the card with the focus has let it go. @param {FocusEvent} event */
  function left(event) {
    if (held && event.relatedTarget instanceof Node && !held.card.contains(event.relatedTarget)) put(false);
  }

  board.addEventListener("keydown", pressed);
  board.addEventListener("focusout", left);
  return () => {
    board.removeEventListener("keydown", pressed);
    board.removeEventListener("focusout", left);
  };
}

/** @param {HTMLElement} board @param {HTMLElement} card @param {string} key */
function walk(board, card, key) {
  const list = listOf(card);
  const cards = cardsOf(list);
  const at = cards.indexOf(card);
  if (key === "ArrowUp") return linkOf(cards[at - 1])?.focus();
  if (key === "ArrowDown") return linkOf(cards[at + 1])?.focus();
  let target = neighbour(board, list, key);
  while (target && !cardsOf(target).length) target = neighbour(board, target, key);
  const found = target ? cardsOf(target) : [];
  linkOf(found[Math.min(at, found.length - 1)])?.focus();
}

/** @param {HTMLElement} board @param {HTMLElement} list @param {string} key @returns {HTMLElement | undefined} */
function neighbour(board, list, key) {
  const lists = /** @type {HTMLElement[]} */ ([...board.querySelectorAll(".column-cards")]);
  const forward = (key === "ArrowRight") === (getComputedStyle(board).direction !== "rtl");
  return lists[lists.indexOf(list) + (forward ? 1 : -1)];
}

/** @param {HTMLElement} card @returns {HTMLElement} */
function listOf(card) {
  return /** @type {HTMLElement} */ (card.parentElement);
}

/** @param {HTMLElement} list @returns {HTMLElement[]} */
function cardsOf(list) {
  return /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".card")]);
}

/** @param {HTMLElement | undefined} card @returns {HTMLElement | null} */
function linkOf(card) {
  return card?.querySelector(".card-link") ?? null;
}

/** @param {HTMLElement} card */
function titleOf(card) {
  return linkOf(card)?.textContent ?? "";
}

/** @param {HTMLElement} list */
function nameOf(list) {
  return list.getAttribute("aria-label") ?? "";
}
