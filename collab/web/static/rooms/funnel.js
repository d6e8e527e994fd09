// @ts-check
/** How far users come through types in order, and where they stop. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { plural } from "../core/text.js";
import { button } from "../ui/button.js";
import { problemBox } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { barPlot } from "../ui/plot.js";

/** @param {import("../core/context.js").Context} ctx @param {number} project @param {() => string} since */
export function funnelPart(ctx, project, since) {
  const steps = field("steps", "Types in order, separated by commas", { attributes: { dir: "auto" } });
  const within = field("window", "Within", {
    type: "select",
    value: "24h",
    choices: [
      ["30m", "30 minutes"],
      ["24h", "a day"],
      ["7d", "a week"],
    ],
  });
  const result = h("div", { "aria-live": "polite" });
  /** @type {() => Promise<void>} */
  const load = oneAtATime(async () => {
    const query = { project_id: project, steps: steps.value(), window: within.value(), since: since() };
    try {
      const { data } = await ctx.api.get("ingest/funnel", { query, signal: ctx.signal });
      steps.tell("");
      replace(result, drawn(data));
    } catch (error) {
      const problem = asProblem(error);
      if (ctx.signal.aborted || steps.tell(problem.of("query/steps"))) return;
      replace(result, problemBox(problem, load));
    }
  });
  const form = h(
    "form",
    { class: "controls" },
    steps.element,
    within.element,
    button("Show", () => {}, { type: "submit", look: "primary" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void load();
  });
  /** Begin with the types that there are most of, unless somebody has begun. @param {string[]} groups */
  const begin = (groups) => {
    if (steps.value() || steps.element.contains(document.activeElement)) return;
    const types = groups.filter((one) => !one.startsWith("(")).slice(0, 3);
    steps.set(types.map((one) => (/[",]/.test(one) ? `"${one.replaceAll('"', '""')}"` : one)).join(","));
    if (types.length > 1) void load();
  };
  return { element: h("div", { class: "part" }, form, result), begin };
}

/** @param {any} funnel */
function drawn(funnel) {
  const percent = (/** @type {number | null} */ share) => (share === null ? "–" : `${Math.round(share * 1000) / 10} %`);
  const bars = funnel.items.map((/** @type {any} */ one) => ({
    name: one.type,
    value: one.users,
    words: `${plural(one.users, "user")}, ${percent(one.of_first)}`,
  }));
  const head = ["Step", "Users", "Of the first", "Of the one before", "Median time to it"];
  const rows = funnel.items.map((/** @type {any} */ one) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", dir: "auto" }, one.type),
      h("td", {}, one.users),
      h("td", {}, percent(one.of_first)),
      h("td", {}, percent(one.of_previous)),
      h("td", {}, one.median_seconds === null ? "–" : `${Math.round(one.median_seconds)} s`),
    ),
  );
  const table = h(
    "table",
    { class: "plot-table" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((one) => h("th", { scope: "col" }, one)),
      ),
    ),
    h("tbody", {}, rows),
  );
  const cut = funnel.complete ? null : h("p", { class: "quiet" }, "Only the newest events were looked at.");
  const scrolled = h("div", { class: "plot-scroll", tabindex: 0, role: "region", "aria-label": "Funnel as a table" });
  scrolled.append(table);
  return [barPlot("Users who reached each step", bars), scrolled, cut];
}
