// @ts-check
/** What users did in one go. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { timeOf } from "../core/time.js";
import { plural } from "../core/text.js";
import { problemBox } from "../ui/empty.js";

/** Sessions that are shown. */
const SHOWN = 10;

/** @param {import("../core/context.js").Context} ctx @param {number} project @param {() => string} since */
export function sessionsPart(ctx, project, since) {
  const element = h("div", { class: "part" });
  /** @type {() => Promise<void>} */
  const load = oneAtATime(async () => {
    try {
      const query = { project_id: project, since: since(), limit: SHOWN };
      const { data } = await ctx.api.get("ingest/sessions", { query, signal: ctx.signal });
      replace(element, drawn(data));
    } catch (error) {
      if (!ctx.signal.aborted) replace(element, problemBox(asProblem(error), load));
    }
  });
  return { element, load };
}

/** @param {any} found */
function drawn(found) {
  const told = [
    plural(found.sessions, "session"),
    plural(found.users, "user"),
    found.median_seconds === null ? "" : `half of them ${Math.round(found.median_seconds)} s or shorter`,
    found.complete ? "" : "of the newest events",
  ].filter(Boolean);
  const rows = found.items.map((/** @type {any} */ one) =>
    h(
      "div",
      { class: "row" },
      h(
        "span",
        { class: "row-main" },
        h("span", { class: "row-title", dir: "auto" }, one.user_id ?? one.session_id),
        h("span", { class: "row-sub", dir: "auto" }, `${one.first_type} → ${one.last_type}`),
      ),
      h("span", { class: "quiet" }, `${plural(one.events, "event")}, ${one.seconds} s`),
      timeOf(one.ended_at),
    ),
  );
  return [h("p", { class: "quiet" }, told.join(", ")), h("div", { class: "rows" }, rows)];
}
