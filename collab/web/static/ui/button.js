// @ts-check
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { icon } from "./icons.js";
import { toast } from "./toast.js";

/**
 * A button. Its click may return a promise: until it is settled the button is busy, and what went wrong
 * is told. `look`: "primary", "plain" (the default), "quiet" or "danger".
 * @param {string} label
 * @param {(event: MouseEvent) => unknown} click
 * @param {{ look?: string, icon?: string, type?: "button" | "submit", title?: string, disabled?: boolean, class?: string }} [options]
 */
export function button(label, click, options = {}) {
  const { look = "plain", type = "button", title, disabled } = options;
  const drawn = options.icon ? icon(options.icon) : null;
  const made = h(
    "button",
    { type, title, disabled, class: `button button-${look} ${options.class ?? ""}`.trim() },
    drawn,
    h("span", {}, label),
  );
  made.addEventListener("click", (event) => void busily(made, () => click(event)));
  return made;
}

/**
 * A button that shows an icon alone, with its name for those who don't see it.
 * @param {string} name the icon
 * @param {string} label
 * @param {(event: MouseEvent) => unknown} click
 * @param {Record<string, any>} [props]
 */
export function iconButton(name, label, click, props = {}) {
  const { class: extra = "", ...rest } = props;
  const made = h(
    "button",
    { type: "button", class: `icon-button ${extra}`.trim(), "aria-label": label, title: label, ...rest },
    icon(name),
  );
  made.addEventListener("click", (event) => void busily(made, () => click(event)));
  return made;
}

/**
 * A link that looks like a button.
 * @param {string} label
 * @param {string} href
 * @param {{ look?: string, icon?: string }} [options]
 */
export function linkButton(label, href, options = {}) {
  return h(
    "a",
    { href, class: `button button-${options.look ?? "plain"}` },
    options.icon ? icon(options.icon) : null,
    h("span", {}, label),
  );
}

/**
 * Let a button be busy until something is done, and tell what went wrong.
 * @param {HTMLButtonElement} element
 * @param {() => unknown} work
 */
export async function busily(element, work) {
  if (element.getAttribute("aria-busy") === "true") return;
  const result = work();
  if (!(result instanceof Promise)) return;
  element.setAttribute("aria-busy", "true");
  try {
    await result;
  } catch (error) {
    toast.problem(asProblem(error));
  } finally {
    element.removeAttribute("aria-busy");
  }
}

/**
 * A group of choices of which one is pressed, such as the theme.
 * @param {string} label
 * @param {[string, string][]} choices value and words
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function segmented(label, choices, chosen, choose) {
  const group = h("div", { class: "segmented", role: "group", "aria-label": label });
  const draw = (/** @type {string} */ now) =>
    replace(
      group,
      choices.map(([value, words]) =>
        h("button", { type: "button", "aria-pressed": String(value === now), on: { click: () => pick(value) } }, words),
      ),
    );
  const pick = (/** @type {string} */ value) => {
    draw(value);
    /** @type {HTMLElement | null} */ (group.querySelector('[aria-pressed="true"]'))?.focus();
    choose(value);
  };
  draw(chosen);
  return group;
}
