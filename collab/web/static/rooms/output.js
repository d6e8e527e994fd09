// @ts-check
/** What a job made: shown in place, in a frame that may run nothing, or saved. */
import { h, replace } from "../core/dom.js";

/** @param {Blob} blob @param {string} name */
export function saveBlob(blob, name) {
  const href = URL.createObjectURL(blob);
  const link = h("a", { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/**
 * A report has no script; should it ever have, the sandbox lets none run and gives it no origin.
 * @param {HTMLElement} place
 * @param {Blob} blob
 * @param {{ content_type: string, filename: string }} output
 */
export function showReport(place, blob, output) {
  const src = URL.createObjectURL(new Blob([blob], { type: output.content_type }));
  if (output.content_type.startsWith("image/"))
    return replace(place, h("img", { class: "made-image", src, alt: output.filename }));
  return replace(place, h("iframe", { class: "report", src, sandbox: "", title: output.filename }));
}
