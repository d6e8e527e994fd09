// @ts-check
/** Fields of forms: a label, what goes in, a hint, and what is wrong with it. */
import { append, h } from "../core/dom.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {HTMLElement} element
 * @property {() => any} value
 * @property {(value: string) => void} set
 * @property {() => void} focus
 * @property {(wrong: string) => boolean} tell shows what is wrong ("" takes it away); whether there is anything
 */
/**
 * @typedef {object} FieldOptions
 * @property {string} [type] of the input; "textarea" and "select" make those
 * @property {string} [value]
 * @property {string} [hint]
 * @property {[string, string][]} [choices] of a select: value and words
 * @property {Record<string, any>} [attributes]
 */

let count = 0;

/** Words in which what stands between backticks is code. @param {string} text @returns {(string | HTMLElement)[]} */
export function ticked(text) {
  return text.split(/`([^`]+)`/).map((part, at) => (at % 2 ? h("code", {}, part) : part));
}

/**
 * @param {string} name the member of the body
 * @param {string} label
 * @param {FieldOptions} [options]
 * @returns {Field}
 */
export function field(name, label, { type = "text", value = "", hint = "", choices = [], attributes = {} } = {}) {
  count += 1;
  const id = `field-${count}`;
  const common = { id, name, class: "input", "aria-describedby": `${id}-hint ${id}-wrong`, ...attributes };
  const input = inputOf(type, value, choices, common);
  const wrong = h("p", { class: "field-wrong", id: `${id}-wrong`, hidden: true });
  const element = h("div", { class: "field" });
  append(
    element,
    h("label", { for: id }, label),
    input,
    h("p", { class: "field-hint", id: `${id}-hint`, hidden: !hint }, ticked(hint)),
    wrong,
  );
  return {
    name,
    element,
    value: () => input.value,
    set: (text) => void (input.value = text),
    focus: () => input.focus(),
    tell(text) {
      wrong.textContent = text;
      wrong.hidden = !text;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      return Boolean(text);
    },
  };
}

/**
 * @param {string} type
 * @param {string} value
 * @param {[string, string][]} choices
 * @param {Record<string, any>} props
 */
function inputOf(type, value, choices, props) {
  if (type === "textarea") return h("textarea", { rows: 4, ...props, value });
  if (type === "select") return select(choices, value, props);
  return h("input", { type, ...props, value });
}

/**
 * A list of choices.
 * @param {[string, string][]} choices value and words
 * @param {string} value
 * @param {Record<string, any>} [props]
 */
export function select(choices, value, props = {}) {
  const made = h("select", { class: "input", ...props });
  append(
    made,
    choices.map(([one, words]) => h("option", { value: one }, words)),
  );
  made.value = value;
  return made;
}
