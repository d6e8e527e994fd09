// @ts-check
/** Grey shapes of what is coming, instead of something that turns. */
import { h } from "../core/dom.js";

/**
 * @param {number} [lines]
 * @param {"line" | "row" | "card"} [kind]
 */
export function skeleton(lines = 3, kind = "row") {
  const made = h("div", {
    class: `skeletons skeletons-${kind}`,
    "aria-busy": "true",
    "aria-label": "Loading",
    role: "status",
  });
  for (let n = 0; n < lines; n += 1) made.append(h("div", { class: `skeleton skeleton-${n % 3}` }));
  return made;
}
