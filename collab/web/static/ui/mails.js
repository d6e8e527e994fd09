// @ts-check
/** What the account has about mails: whether the address is verified, and how often digests come. */
import { h, replace } from "../core/dom.js";
import { button, segmented } from "./button.js";
import { chip } from "./chips.js";
import { toast } from "./toast.js";

/** @typedef {import("../core/context.js").Context} Context */

/** The address, with a way to verify it. @param {Context} ctx */
export function addressRow(ctx) {
  const sendAgain = async () => {
    await ctx.api.post("auth/verification");
    toast.done("A mail with a link is on its way.");
  };
  const known = ctx.user.email_verified;
  return h(
    "div",
    { class: "row row-wrap" },
    h(
      "div",
      { class: "row-main" },
      "E-mail",
      h("div", { class: "row-sub" }, known ? ctx.user.email : `${ctx.user.email}: follow the link that you were sent.`),
    ),
    known ? chip("verified", "accent") : button("Verify: send the link again", sendAgain),
  );
}

/** How often somebody gets a mail of what they have not read. @param {Context} ctx */
export function digestRow(ctx) {
  const place = h("div", {});
  void draw(place, ctx);
  return h(
    "div",
    { class: "row row-wrap" },
    h(
      "div",
      { class: "row-main" },
      "Mails of what you have not read",
      h("div", { class: "row-sub" }, "At eight o'clock."),
    ),
    place,
  );
}

/** @param {HTMLElement} place @param {Context} ctx */
async function draw(place, ctx) {
  try {
    const { data } = await ctx.api.get("notifications/digest", { signal: ctx.signal });
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    const choose = async (/** @type {string} */ every) => {
      await ctx.api.put("notifications/digest", { body: { every, zone } });
      toast.done("Saved.");
    };
    const choices = /** @type {[string, string][]} */ ([
      ["off", "None"],
      ["daily", "Every day"],
      ["weekly", "On Mondays"],
    ]);
    replace(
      place,
      segmented("Mails of what you have not read", choices, data.every, (every) => void choose(every)),
    );
  } catch {
    if (!ctx.signal.aborted) replace(place, "Not shown now.");
  }
}
