// @ts-check
/** How the service is: what it asks of itself at `/ready`, now and every few seconds. */
import { h, replace } from "../core/dom.js";
import { oneAtATime } from "../core/newest.js";
import { chip } from "../ui/chips.js";

/** @typedef {import("../core/context.js").Context} Context */

/** Milliseconds between two looks. */
const INTERVAL = 5_000;

/** @param {HTMLElement} place @param {Context} ctx @param {import("../core/store.js").Bag} bag */
export async function healthPart(place, ctx, bag) {
  const load = oneAtATime(async () => {
    const answer = await fetch("/ready", { signal: ctx.signal, cache: "no-store" });
    draw(place, await answer.json());
  });
  const timer = setInterval(() => document.hidden || void load().catch(() => unreachable(place, ctx)), INTERVAL);
  bag.add(() => clearInterval(timer));
  await load();
}

/** @param {HTMLElement} place @param {{ status: string, checks: Record<string, any> }} ready */
function draw(place, ready) {
  const rows = Object.entries(ready.checks ?? {}).map(([name, state]) => {
    const words = typeof state === "string" ? state : JSON.stringify(state);
    const fine = words === "ok";
    return h(
      "div",
      { class: "row" },
      h(
        "span",
        { class: "row-main" },
        h("span", { class: "row-title" }, name.replaceAll("_", " ")),
        fine ? null : h("span", { class: "row-sub" }, words),
      ),
      chip(fine ? "ok" : (words.split(":")[0] ?? words), fine ? "good" : "wrong"),
    );
  });
  const whole = h("p", {}, "The service is ", chip(ready.status, ready.status === "ok" ? "good" : "wrong"));
  replace(place, h("div", { class: "part" }, whole, h("div", { class: "rows" }, rows)));
}

/** @param {HTMLElement} place @param {Context} ctx */
function unreachable(place, ctx) {
  if (ctx.signal.aborted) return;
  replace(
    place,
    h("p", { class: "part", role: "alert" }, "The service can’t be reached: ", chip("no answer", "wrong")),
  );
}
