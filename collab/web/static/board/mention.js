// @ts-check
/** Completing `@name` in a text field: a list below it, walked with arrows, taken with Enter or Tab. */
import { h, replace, restyle } from "../core/dom.js";
import { callKey, mayCall, spelled } from "../core/words.js";
import { avatar } from "../ui/avatar.js";

/** @typedef {{ id: number, name: string, email?: string }} Person */

/** People that the list shows. */
const MAX_SHOWN = 6;
/** Characters of a name that is being written. */
const MAX_BEGUN = 60;

/** The word that calls somebody: the name without spaces. @param {Person} person */
export function handleOf(person) {
  return person.name.replace(/\s+/g, "");
}

/**
 * What is being written right before the cursor, after an @ that calls somebody.
 * @param {HTMLTextAreaElement} input
 */
function begunIn(input) {
  const text = input.value.slice(0, input.selectionStart);
  const at = text.lastIndexOf("@");
  const word = text.slice(at + 1);
  if (at < 0 || word.length > MAX_BEGUN || /^\s|\n/.test(word) || !mayCall(text, at)) return null;
  return { at, word };
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
    const begun = begunIn(input);
    if (!begun) return close();
    found = people()
      .filter((one) => isMeant(one, begun.word))
      .slice(0, MAX_SHOWN);
    at = 0;
    if (found.length) draw();
    else close();
  };
  const take = (/** @type {Person} */ person) => {
    const begun = begunIn(input);
    if (begun) input.setRangeText(`@${handleOf(person)} `, begun.at, input.selectionStart, "end");
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
  if (/\s/.test(word)) return spelled(person.name).startsWith(spelled(word)) && spelled(word).includes(" ");
  const names = [handleOf(person), ...person.name.split(/\s+/), (person.email ?? "").split("@")[0] ?? ""];
  return names.some((one) => callKey(one).startsWith(callKey(word)));
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
