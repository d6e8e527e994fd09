// @ts-check
/** A dialog with what is shown once: secrets and secret addresses, each with a button that copies it. */
import { h } from "../core/dom.js";
import { button } from "../ui/button.js";
import { openDialog } from "../ui/dialog.js";
import { toast } from "../ui/toast.js";

/** @param {{ title: string, intro: string, values: [string, string][] }} options */
export function showOnce({ title, intro, values }) {
  openDialog({
    title,
    body: [h("p", {}, intro), values.map(([label, value]) => shown(label, value))],
  });
}

/** @param {string} label @param {string} value */
function shown(label, value) {
  const text = h("input", { class: "input mono", readonly: true, value, "aria-label": label });
  text.addEventListener("focus", () => text.select());
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    toast.done("Copied.");
  };
  return h("div", { class: "field" }, h("span", {}, label), text, button("Copy", copy, { title: `Copy: ${label}` }));
}
