// @ts-check
/** What was sent to whom and what became of it, and sending what waits; nobody reads here what a mail says. */
import { h, replace } from "../core/dom.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";
import { toast } from "../ui/toast.js";
import { oneOf, row } from "./row.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @type {Record<string, string>} */
const LOOKS = { sent: "good", waiting: "neutral", bounced: "wrong", dropped: "wrong" };
/** @type {[string, string][]} */
const STATES = [
  ["waiting", "Waiting"],
  ["sent", "Sent"],
  ["bounced", "Bounced"],
  ["dropped", "Given up"],
];

/** @param {HTMLElement} place @param {Context} ctx */
export async function mailsPart(place, ctx) {
  const list = pagedList(ctx, "mails", {
    query: () => ({ status: ctx.query.get("status") ?? "", limit: 50 }),
    row: (one) => mailRow(ctx, one, list.load),
    nothing: () => empty({ icon: "mail", title: "No such mails" }),
    more: "Earlier",
  });
  replace(place, h("div", { class: "part" }, oneOf(ctx, "status", "State", STATES), list.element));
  await list.load();
}

/** @param {Context} ctx @param {any} one @param {() => Promise<void>} changed */
function mailRow(ctx, one, changed) {
  const resend = async () => {
    await ctx.api.post(`mails/${one.id}/resend`);
    toast.done("The mail is on its way.");
    await changed();
  };
  const again = { look: "quiet", icon: "retry", title: `Send mail ${one.id} now` };
  return row(
    one.recipient,
    [`${one.kind.replaceAll("_", " ")} · `, timeOf(one.created_at, ""), one.answer ? ` · ${one.answer}` : ""],
    [chip(one.status, LOOKS[one.status]), one.status === "waiting" ? button("Send now", resend, again) : null],
  );
}
