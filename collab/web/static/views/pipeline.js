// @ts-check
/** The project's events: what comes and how fast, how far users come, what they do in one go, and what was rejected. */
import { h, loadStyles, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { segmented } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty, problemBox } from "../ui/empty.js";
import { pageHead, section } from "../ui/page.js";
import { linePlot, PLOT_LOOKS } from "../ui/plot.js";
import { skeleton } from "../ui/skeleton.js";
import { funnelPart } from "../rooms/funnel.js";
import { lettersPart } from "../rooms/letters.js";
import { sessionsPart } from "../rooms/sessions.js";

/** @typedef {import("../core/context.js").Context} Context */

/** Milliseconds between two looks. */
const INTERVAL = 10_000;
const HOUR = 3600_000;

/** How far back, and in which steps. @type {Record<string, { words: string, bucket: string, length: number }>} */
const SPANS = {
  hour: { words: "Hour", bucket: "minute", length: HOUR },
  day: { words: "Day", bucket: "hour", length: 24 * HOUR },
  month: { words: "Month", bucket: "day", length: 30 * 24 * HOUR },
};

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await Promise.all([loadStyles("pipeline"), loadStyles("rooms")]);
  const bag = new Bag();
  const project = ctx.params["project"] ?? 0;
  const chosen = { span: ctx.query.get("span") ?? "hour", by: ctx.query.get("by") ?? "type" };
  if (!(chosen.span in SPANS)) chosen.span = "hour";
  if (chosen.by !== "source") chosen.by = "type";
  const state = h("div", { class: "figures" });
  const plots = h("div", { class: "plots" }, skeleton(6));
  const span = () => SPANS[chosen.span] ?? { words: "", bucket: "minute", length: HOUR };
  const since = () => new Date(Date.now() - span().length).toISOString();

  const load = oneAtATime(async () => {
    const common = { project_id: project, bucket: span().bucket, since: since() };
    const get = (/** @type {string} */ what, /** @type {any} */ query) =>
      ctx.api.get(`ingest/${what}`, { query, signal: ctx.signal }).then((answer) => answer.data);
    const [health, stats, latency, sources] = await Promise.all([
      get("health", { project_id: project }),
      get("stats", { ...common, group_by: chosen.by }),
      get("latency", common),
      chosen.by === "source" ? get("sources", { project_id: project, limit: 100 }) : { items: [] },
    ]);
    const names = new Map(sources.items.map((/** @type {any} */ one) => [String(one.id), one.name]));
    replace(state, figuresOf(health));
    if (health.flow.received === 0) replace(plots, nothing());
    else drawPlots(plots, stats, latency, chosen.by === "source" ? names : new Map());
    return stats.groups;
  });
  const again = () => load().catch((error) => void fail(plots, ctx, error, again));
  const choose = (/** @type {Partial<typeof chosen>} */ change) => {
    Object.assign(chosen, change);
    ctx.router.setQuery({ span: chosen.span, by: chosen.by });
    void again();
    void sessions();
  };
  const controls = h(
    "div",
    { class: "controls" },
    segmented(
      "Time",
      Object.entries(SPANS).map(([key, one]) => [key, one.words]),
      chosen.span,
      (one) => choose({ span: one }),
    ),
    segmented(
      "By",
      [
        ["type", "Type"],
        ["source", "Source"],
      ],
      chosen.by,
      (one) => choose({ by: one }),
    ),
  );
  const funnel = funnelPart(ctx, project, since);
  const sessionsPlace = sessionsPart(ctx, project, since);
  const sessions = sessionsPlace.load;
  const letters = lettersPart(ctx, project);
  root.append(
    h(
      "div",
      { class: "page" },
      pageHead("Pipeline", { sub: "Events that were sent to this project.", actions: controls }),
      state,
      section("Throughput and latency", [plots]),
      section("Funnel", [funnel.element]),
      section("Sessions", [sessionsPlace.element]),
      section("Dead letters", [letters.element], { actions: letters.actions }),
    ),
  );
  const groups = await again();
  funnel.begin(Array.isArray(groups) ? groups : []);
  void sessions();
  void letters.load();
  const timer = setInterval(() => document.hidden || hovers(plots) || void again(), INTERVAL);
  bag.add(() => clearInterval(timer));
  return bag.dispose;
}

/** Whether somebody reads a value or a table just now: it is not drawn anew under them. @param {HTMLElement} plots */
function hovers(plots) {
  return plots.matches(":hover") || plots.querySelector("details[open]") !== null;
}

/** @param {HTMLElement} place @param {Context} ctx @param {unknown} error @param {() => unknown} again */
function fail(place, ctx, error, again) {
  if (!ctx.signal.aborted) replace(place, problemBox(asProblem(error), again));
}

function nothing() {
  return empty({
    icon: "pipeline",
    title: "No event has come yet",
    text: [
      "Make a source, and send with its write key: ",
      h("code", {}, "POST /api/v1/ingest"),
      ". The command ",
      h("code", {}, "flask --app app ingest-demo"),
      " sends made-up ones.",
    ],
  });
}

/** @param {any} health */
function figuresOf({ flow, pace, lag_ms, worker, balanced }) {
  const number = (/** @type {number} */ value) => value.toLocaleString();
  const ms = (/** @type {number | null} */ value) => (value === null ? "–" : `≤ ${number(value)} ms`);
  /** @type {[string, any][]} */
  const told = [
    ["Received", number(flow.received)],
    ["Stored", number(flow.stored)],
    ["Duplicates", number(flow.duplicate)],
    ["Rejected", number(flow.rejected)],
    ["Waiting", number(flow.queued)],
    ["Late", number(flow.late)],
    ["Stored a second", number(pace.stored_per_second)],
    ["Median, 99 %", `${ms(pace.p50_ms)}, ${ms(pace.p99_ms)}`],
    ["Lag", `${number(lag_ms)} ms`],
    ["Nothing lost", chip(balanced ? "yes" : "no", balanced ? "good" : "wrong")],
    ["Worker", chip(worker.split(":")[0], worker === "ok" ? "good" : "wrong")],
  ];
  return h(
    "dl",
    { class: "figure-list" },
    told.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** @param {HTMLElement} place @param {any} stats @param {any} latency @param {Map<string, string>} names */
function drawPlots(place, stats, latency, names) {
  const shown = stats.groups.slice(0, PLOT_LOOKS - 1);
  const series = shown.map((/** @type {string} */ group) => ({
    name: names.get(group) ?? group,
    values: stats.items.map((/** @type {any} */ one) => one.by[group] ?? 0),
  }));
  if (stats.groups.length > shown.length)
    series.push({
      name: "others",
      values: stats.items.map((/** @type {any} */ one) =>
        shown.reduce(
          (/** @type {number} */ rest, /** @type {string} */ group) => rest - (one.by[group] ?? 0),
          one.events,
        ),
      ),
    });
  const values = (/** @type {string} */ name) => latency.items.map((/** @type {any} */ one) => one[name]);
  replace(
    place,
    linePlot({
      title: `Events by the ${stats.bucket} in which they happened`,
      unit: "events",
      times: stats.items.map((/** @type {any} */ one) => one.time),
      series,
    }),
    linePlot({
      title: "From receipt to stored",
      unit: "ms",
      times: latency.items.map((/** @type {any} */ one) => one.time),
      series: [
        { name: "median", values: values("p50_ms") },
        { name: "99 %", values: values("p99_ms") },
      ],
    }),
  );
}

export default { title: "Pipeline", mount };
