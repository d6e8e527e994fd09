// @ts-check
/** The webhooks of all projects: where they go, whether they work, and stopping each. */
import { h, replace } from "../core/dom.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";
import { STATE_LOOKS, trouble } from "../rooms/webhooks.js";
import { oneOf, row } from "./row.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @type {[string, string][]} */
const STATES = [
  ["active", "Active"],
  ["paused", "Paused"],
  ["disabled", "Disabled"],
];

/** @param {HTMLElement} place @param {Context} ctx */
export async function allWebhooksPart(place, ctx) {
  const list = pagedList(ctx, "webhooks", {
    query: () => ({ state: ctx.query.get("state") ?? "", sort: "-id", limit: 50 }),
    row: (one) => webhookRow(ctx, one),
    nothing: () => empty({ icon: "link", title: "No such webhooks" }),
    more: "Earlier",
  });
  replace(place, h("div", { class: "part" }, oneOf(ctx, "state", "State", STATES), list.element));
  await list.load();
}

/** @param {Context} ctx @param {any} one @returns {HTMLElement} */
function webhookRow(ctx, one) {
  const set = (/** @type {string} */ state) => async () => {
    const { data } = await ctx.api.patch(`webhooks/${one.id}`, { body: { state } });
    made.replaceWith(webhookRow(ctx, data));
  };
  const act =
    one.state === "active"
      ? button("Pause", set("paused"), { look: "quiet", title: `Pause webhook ${one.id}` })
      : button("Enable", set("active"), { look: "quiet", title: `Enable webhook ${one.id}` });
  // The rest of an address may be a secret: its project's page shows it.
  const host = new URL(one.url).host;
  const made = row(
    h("a", { href: `/projects/${one.project_id}/webhooks` }, one.name),
    [`to ${host}`, trouble(one) ? ` · ${trouble(one)}` : ""],
    [chip(one.state, STATE_LOOKS[one.state]), act],
  );
  return made;
}
