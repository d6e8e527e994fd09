// @ts-check
/** Where people are signed in, and ending it. */
import { h, replace } from "../core/dom.js";
import { programOf } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";
import { toast } from "../ui/toast.js";
import { row } from "./row.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} place @param {Context} ctx */
export async function sessionsPart(place, ctx) {
  const whose = ctx.query.get("user") ?? "";
  const list = pagedList(ctx, "sessions", {
    query: () => ({ user_id: whose, limit: 50 }),
    row: (one) => sessionRow(ctx, one),
    nothing: () => empty({ icon: "user", title: "Nobody is signed in there" }),
    more: "Earlier",
  });
  const everybody = button("Everybody's", () => ctx.router.go("/admin/sessions"), { look: "quiet" });
  const endAll = async () => {
    await ctx.api.delete(`users/${whose}/sessions`);
    toast.done("All of these sessions have ended.");
    await list.load();
  };
  const acts = whose
    ? h("p", { class: "page-actions" }, everybody, button("End all of these", endAll, { look: "danger" }))
    : null;
  replace(place, h("div", { class: "part" }, acts, list.element));
  await list.load();
}

/** @param {Context} ctx @param {any} one */
function sessionRow(ctx, one) {
  const end = async () => {
    await ctx.api.delete(`sessions/${one.id}`);
    toast.done("That session has ended.");
    made.remove();
  };
  const title = `End the session of ${one.user_name} that began ${new Date(one.created_at).toLocaleString()}`;
  const sub = [`${programOf(one.user_agent)} · ${one.address} · last used `, timeOf(one.last_used_at)];
  const made = row(
    h("a", { href: `/admin/sessions?user=${one.user_id}` }, one.user_name),
    sub,
    one.current ? chip("this one", "accent") : button("End it", end, { look: "danger", title }),
  );
  return made;
}
