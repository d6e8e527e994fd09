// @ts-check
/**
 * Elements are made here, and nowhere from markup: text goes in as text, so nothing that somebody
 * wrote can become an element or a script.
 */

/** @typedef {Node | string | number | boolean | null | undefined} Child */
/** @typedef {Child | Child[]} Children */

/**
 * What an element is given: listeners in `on`, custom data in `data`, styles in `style` (set one by
 * one, which the policy allows), properties by their own name (`value`, `className`, `checked`), and
 * anything else as an attribute. What is null, undefined or false is left out.
 * @typedef {Record<string, any> & {
 *   class?: string,
 *   on?: Record<string, (event: any) => void>,
 *   data?: Record<string, string | number | undefined>,
 *   style?: Record<string, string | number>,
 * }} Props
 */

const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "indeterminate", "hidden"]);
const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element: `h("button", { class: "button", on: { click: save } }, "Save")`.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {Children[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  apply(element, props ?? {});
  append(element, ...children);
  return element;
}

/**
 * Make an element of a drawing.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {Node[]} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = /** @type {SVGElementTagNameMap[K]} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Add children; lists are added one by one, and what is null or false is left out.
 * @param {Node & ParentNode} parent
 * @param {Children[]} children
 */
export function append(parent, ...children) {
  for (const child of children.flat(5)) {
    if (child === null || child === undefined || child === false || child === true) continue;
    parent.append(typeof child === "number" ? String(child) : child);
  }
}

/**
 * Put children in the place of those that are there. The focus stays at what has the same key, label or address.
 * @template {Node & ParentNode} T
 * @param {T} parent
 * @param {Children[]} children
 * @returns {T}
 */
export function replace(parent, ...children) {
  const key = focusKey(parent);
  parent.replaceChildren();
  append(parent, ...children);
  if (key) refocus(parent, key);
  return parent;
}

/** What says which of an element's inner ones it is, before and after it was made anew. */
const KEYS = ["data-key", "id", "aria-label", "href"];

/** @param {Node} parent @returns {[string, string] | null} */
function focusKey(parent) {
  const focused = document.activeElement;
  if (!focused || focused === parent || !parent.contains(focused)) return null;
  const name = KEYS.find((one) => focused.hasAttribute(one));
  return name ? [name, focused.getAttribute(name) ?? ""] : null;
}

/** Whoever was in a list that is drawn anew is there still. @param {ParentNode} parent @param {[string, string]} key */
function refocus(parent, [name, value]) {
  const found = [...parent.querySelectorAll(`[${name}]`)].find((one) => one.getAttribute(name) === value);
  if (found instanceof HTMLElement) found.focus({ preventScroll: true });
}

/**
 * @param {HTMLElement} element
 * @param {Props} props
 */
function apply(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name === "on") listen(element, value);
    else if (name === "data") Object.assign(element.dataset, defined(value));
    else if (name === "style") restyle(element, value);
    else if (PROPERTIES.has(name)) /** @type {any} */ (element)[name] = value;
    else if (value !== false) attribute(element, name, value);
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {any} value
 */
function attribute(element, name, value) {
  if (/^on/i.test(name)) throw new TypeError(`Listeners belong in \`on\`, not in ${name}.`);
  if (name === "href" && !safeLink(String(value))) return;
  element.setAttribute(name === "class" ? "class" : name, value === true ? "" : String(value));
}

/**
 * Whether an address may be followed: our own, the web's, or mail. Not `javascript:` and its kind.
 * @param {string} address
 */
export function safeLink(address) {
  try {
    return ["http:", "https:", "mailto:", "blob:"].includes(new URL(address, location.href).protocol);
  } catch {
    return false;
  }
}

/** @param {Record<string, any>} values */
function defined(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, (event: any) => void>} listeners
 */
function listen(element, listeners) {
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener);
}

/**
 * Set styles by script: `style=""` in markup would be refused by the policy.
 * @param {HTMLElement | SVGElement} element
 * @param {Record<string, string | number>} styles
 */
export function restyle(element, styles) {
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, String(value));
}

/** Files of styles that were asked for. @type {Map<string, Promise<void>>} */
const styles = new Map();

/**
 * Load a view's styles, `css/<name>.css`, once; resolves when they apply.
 * @param {string} name
 * @returns {Promise<void>}
 */
export function loadStyles(name) {
  const known = styles.get(name);
  if (known) return known;
  const href = new URL(`../css/${name}.css`, import.meta.url).href;
  const loaded = /** @type {Promise<void>} */ (
    new Promise((done) => {
      const link = h("link", { rel: "stylesheet", href, on: { load: done, error: done } });
      document.head.append(link);
    })
  );
  styles.set(name, loaded);
  return loaded;
}
