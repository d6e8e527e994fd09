// @ts-check
/** Completing `@name` in a text field: a list below it, walked with arrows, taken with Enter or Tab. */
import { h, replace, restyle } from "../core/dom.js";
import { avatar } from "../ui/avatar.js";

/** @typedef {{ id: number, name: string, email?: string }} Person */

/** People that the list shows. */
const MAX_SHOWN = 6;
/** What is being written, right before the cursor: as the server reads mentions. */
const BEGUN = /(?<![\p{L}\p{N}_.@+-])@([\p{L}\p{N}_.+-]{0,60})$/u;

/** The word that calls somebody: the name without spaces. @param {Person} person */
export function handleOf(person) {
  return person.name.replace(/\s+/g, "");
}

/**
 * @param {HTMLTextAreaElement} input
 * @param {() => Person[]} people
 * @returns {HTMLElement} the field with its list
 */
export function withMentions(input, people) {
  const id = `mentions-${Math.random().toString(36).slice(2)}`;
  const list = h("ul", { class: "mentions", role: "listbox", id, "aria-label": "People", hidden: true });
  const box = h("div", { class: "mention-field" }, input, list);
  /** @type {Person[]} */
  let found = [];
  let at = 0;

  const close = () => {
    found = [];
    list.hidden = true;
    input.removeAttribute("aria-activedescendant");
  };
  const draw = () => {
    replace(
      list,
      found.map((one, index) => option(one, index, index === at, id, () => take(one))),
    );
    list.hidden = !found.length;
    if (found.length) input.setAttribute("aria-activedescendant", `${id}-${at}`);
    restyle(list, { top: `${input.offsetTop + input.offsetHeight}px` });
  };
  const look = () => {
    const begun = BEGUN.exec(input.value.slice(0, input.selectionStart));
    if (!begun) return close();
    const word = (begun[1] ?? "").toLocaleLowerCase();
    found = people()
      .filter((one) => isMeant(one, word))
      .slice(0, MAX_SHOWN);
    at = 0;
    if (found.length) draw();
    else close();
  };
  const take = (/** @type {Person} */ person) => {
    const end = input.selectionStart;
    const begun = BEGUN.exec(input.value.slice(0, end));
    if (begun) input.setRangeText(`@${handleOf(person)} `, begun.index, end, "end");
    close();
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // A field of several lines stays a text box: a combobox may have one line only (WAI-ARIA 1.2).
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", id);
  input.addEventListener("input", look);
  input.addEventListener("blur", () => setTimeout(close, 150)); // a click on the list comes first
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const person = found[at];
    if (event.key === "ArrowDown") at = (at + 1) % found.length;
    else if (event.key === "ArrowUp") at = (at - 1 + found.length) % found.length;
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && person) take(person);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (!list.hidden) draw();
  });
  return box;
}

/** @param {Person} person @param {string} word */
function isMeant(person, word) {
  const names = [handleOf(person), ...person.name.split(/\s+/), (person.email ?? "").split("@")[0] ?? ""];
  return names.some((one) => one.toLocaleLowerCase().startsWith(word));
}

/** @param {Person} person @param {number} index @param {boolean} active @param {string} id @param {() => void} take */
function option(person, index, active, id, take) {
  const props = { id: `${id}-${index}`, role: "option", class: "mention-option", "aria-selected": String(active) };
  const down = (/** @type {PointerEvent} */ event) => {
    event.preventDefault();
    take();
  };
  return h(
    "li",
    { ...props, on: { pointerdown: down } },
    avatar(person, { size: "small", decorative: true }),
    person.name,
  );
}
