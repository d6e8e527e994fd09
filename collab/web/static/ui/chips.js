// @ts-check
/** Chips: small words in a row, to choose (filters) or to read (tags, states). */
import { h, replace } from "../core/dom.js";
import { icon } from "./icons.js";

/** Characters that a chip shows for sure; what is longer is told whole at the pointer, too. */
const MAX_PLAIN_CHARACTERS = 24;

/**
 * A word in a small frame. `look`: "neutral", "good", "wrong", "busy", "accent".
 * @param {string} text
 * @param {string} [look]
 */
export function chip(text, look = "neutral") {
  return h("span", { class: `chip chip-${look}` }, text);
}

/**
 * Chips that are switched on and off; `choose` is told all that are on.
 * @param {string} label
 * @param {[string, string][]} choices value and words
 * @param {Iterable<string>} chosen
 * @param {(values: string[]) => void} choose
 */
export function filterChips(label, choices, chosen, choose) {
  const on = new Set(chosen);
  const group = h("div", { class: "chips", role: "group", "aria-label": label });
  const draw = () =>
    replace(
      group,
      choices.map(([value, words]) => {
        const pressed = on.has(value);
        const toggle = () => {
          if (!on.delete(value)) on.add(value);
          draw();
          /** @type {HTMLElement | undefined} */ (group.children[choices.findIndex(([one]) => one === value)])?.focus();
          choose([...on]);
        };
        const props = {
          type: /** @type {const} */ ("button"),
          class: "chip chip-filter",
          title: words.length > MAX_PLAIN_CHARACTERS ? words : null,
          "aria-pressed": String(pressed),
          on: { click: toggle },
        };
        return h("button", props, pressed ? icon("check", 12) : null, words);
      }),
    );
  draw();
  return group;
}
