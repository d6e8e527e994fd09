// @ts-check
/** A list that is fetched page by page: the first at once, more on demand, all of it again when something happened. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { button } from "./button.js";
import { problemBox } from "./empty.js";
import { skeleton } from "./skeleton.js";

/**
 * @param {import("../core/context.js").Context} ctx
 * @param {string} path of a list of the API
 * @param {{ query: () => Record<string, any>, row: (item: any) => HTMLElement, nothing: () => HTMLElement,
 *   list?: HTMLElement, more?: string, class?: string }} options
 * @returns {{ element: HTMLElement, list: HTMLElement, load: () => Promise<void> }}
 */
export function pagedList(ctx, path, { query, row, nothing, list = h("div", { class: "rows" }), ...words }) {
  const more = button(words.more ?? "Show more", () => page(), { look: "quiet" });
  const element = h("div", { class: words.class ?? "" }, skeleton(5));
  /** @type {string | null} */
  let cursor = null;
  let loads = 0;

  /** The next page; one that was asked for before all was loaded again is none of this list. */
  async function page() {
    const mine = loads;
    const { data } = await ctx.api.get(path, { query: { ...query(), cursor }, signal: ctx.signal });
    if (mine !== loads) return;
    if (cursor === null) replace(list);
    list.append(...data.items.map(row));
    cursor = data.next_cursor;
    more.hidden = !cursor;
  }
  /** @type {() => Promise<void>} */
  const load = oneAtATime(async () => {
    loads += 1;
    cursor = null;
    try {
      await page();
      replace(element, list.childElementCount ? [list, more] : nothing());
    } catch (error) {
      if (!ctx.signal.aborted) replace(element, problemBox(asProblem(error), load));
    }
  });
  return { element, list, load };
}
