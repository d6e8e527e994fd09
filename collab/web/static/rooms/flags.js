// @ts-check
/** Features: on, off, or on for a part of the people. */
import { h, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ name: string, meaning: string, enabled: boolean, percentage: number, default: boolean, overridden: boolean }} Flag */

/** @param {HTMLElement} place @param {Context} ctx @param {import("../core/store.js").Bag} bag */
export async function flagsPart(place, ctx, bag) {
  const load = oneAtATime(async () => {
    const { data } = await ctx.api.get("flags", { signal: ctx.signal });
    replace(
      place,
      h(
        "div",
        { class: "rows part" },
        data.items.map((/** @type {Flag} */ one) => flagRow(ctx, one)),
      ),
    );
  });
  const again = () => void load().catch(() => {});
  const following = ctx.live.subscribe("flags", again, { onGap: again });
  bag.add(following.close);
  await loadFollowed(following, load);
}

/** @param {Context} ctx @param {Flag} one */
function flagRow(ctx, one) {
  const path = `flags/${one.name}`;
  const row = h("div", { class: "row row-wide flag-row" });
  const box = h("input", { type: "checkbox", checked: one.enabled, "aria-label": `${one.name} is on` });
  const part = h("input", {
    type: "range",
    min: 0,
    max: 100,
    step: 5,
    value: String(one.percentage),
    disabled: !one.enabled,
    "aria-label": `Share of the people who have ${one.name}`,
  });
  const words = h("output", { class: "flag-part" }, `${one.percentage} %`);
  const send = async (/** @type {Record<string, any>} */ body) => {
    try {
      const { data } = await ctx.api.patch(path, { body });
      row.replaceWith(flagRow(ctx, data));
    } catch (error) {
      toast.problem(asProblem(error));
      row.replaceWith(flagRow(ctx, one));
    }
  };
  box.addEventListener("change", () => void send({ enabled: box.checked }));
  part.addEventListener("input", () => (words.textContent = `${part.value} %`));
  part.addEventListener("change", () => void send({ percentage: Number(part.value) }));
  const reset = async () => {
    await ctx.api.delete(path);
    const { data } = await ctx.api.get(path);
    row.replaceWith(flagRow(ctx, data));
  };
  row.append(
    h(
      "label",
      { class: "check row-main" },
      box,
      h(
        "span",
        {},
        h("span", { class: "row-title" }, one.name.replaceAll("_", " ")),
        h("span", { class: "row-sub" }, one.meaning),
      ),
    ),
    part,
    words,
    ...(one.overridden
      ? [chip("changed", "accent"), button(`Back to ${one.default ? "on" : "off"}`, reset, { look: "quiet" })]
      : []),
  );
  return row;
}
