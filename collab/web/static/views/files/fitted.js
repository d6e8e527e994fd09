// @ts-check
/** Files end where the window does, whatever is above them. */
import { restyle } from "../../core/dom.js";

/** @param {HTMLElement} element @param {HTMLElement} root where it is shown @returns {() => void} ends it */
export function fitted(element, root) {
  const fit = () =>
    restyle(element, { "--files-top": `${Math.round(element.getBoundingClientRect().top + scrollY)}px` });
  const observer = new ResizeObserver(fit);
  observer.observe(document.documentElement);
  const view = root.closest(".view");
  if (view) observer.observe(view); // what comes and goes above it, as the line that the server is away
  return () => observer.disconnect();
}
