// @ts-check
/**
 * Keys: "mod+k" (Ctrl or Cmd), "?", or two in a row, "g h". Single keys rest while somebody writes, and can be
 * switched off (WCAG 2.1.4); the sheet at `?` lists what is there now.
 */
import { h } from "../core/dom.js";
import { openDialog } from "./dialog.js";

/** @typedef {{ keys: string, label: string, run: (event: KeyboardEvent) => void, group?: string }} Shortcut */

/** @type {Set<Shortcut>} */
const known = new Set();
const OFF = "collab.keys-off";
/** Milliseconds between the two keys of a sequence. */
const SEQUENCE = 1_200;
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

let begun = "";
let begunAt = 0;

/**
 * @param {Shortcut[]} shortcuts
 * @returns {() => void} forgets them
 */
export function shortcuts(...shortcuts) {
  for (const one of shortcuts) known.add(one);
  return () => shortcuts.forEach((one) => known.delete(one));
}

/** @param {KeyboardEvent} event */
function keyOf(event) {
  const mod = event.metaKey || event.ctrlKey ? "mod+" : "";
  const alt = event.altKey ? "alt+" : "";
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${mod}${alt}${event.shiftKey && key.length > 1 ? "shift+" : ""}${key}`;
}

/** @param {KeyboardEvent} event */
function isWriting(event) {
  const target = event.composedPath()[0];
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || ["Control", "Meta", "Shift", "Alt"].includes(event.key)) return;
  const key = keyOf(event);
  const single = !key.startsWith("mod+");
  if (single && (isWriting(event) || localStorage.getItem(OFF) || document.querySelector("dialog[open], .menu")))
    return;
  const sequence = Date.now() - begunAt < SEQUENCE ? `${begun} ${key}` : key;
  const all = [...known].reverse();
  const found = all.find((one) => one.keys === sequence) ?? all.find((one) => one.keys === key);
  begun = key;
  begunAt = Date.now();
  if (!found) return;
  event.preventDefault();
  begunAt = 0;
  found.run(event);
});

/** How a key is written here. @param {string} keys */
export function keyNames(keys) {
  return keys
    .replace(/\b[a-z]$|\b[a-z](?= )/g, (letter) => letter.toUpperCase())
    .replace("mod+", isMac ? "⌘" : "Ctrl ")
    .replace("alt+", isMac ? "⌥" : "Alt ")
    .replace("shift+", "⇧");
}

/** Show all keys. */
export function openSheet() {
  /** @type {Map<string, Shortcut[]>} */
  const groups = new Map();
  for (const one of known)
    groups.set(one.group ?? "Everywhere", [...(groups.get(one.group ?? "Everywhere") ?? []), one]);
  const lists = [...groups].map(([name, list]) =>
    h(
      "section",
      { class: "keys-group" },
      h("h3", {}, name),
      h(
        "dl",
        { class: "keys" },
        list.map((one) => h("div", {}, h("dt", {}, keys(one.keys)), h("dd", {}, one.label))),
      ),
    ),
  );
  const off = h("input", { type: "checkbox", checked: !localStorage.getItem(OFF) });
  off.addEventListener("change", () => (off.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  openDialog({
    title: "Keyboard",
    body: [...lists, h("label", { class: "check" }, off, "Keys without Ctrl or ⌘ work")],
  });
}

/** @param {string} text */
function keys(text) {
  return keyNames(text)
    .split(" ")
    .map((one) => h("kbd", {}, one));
}
