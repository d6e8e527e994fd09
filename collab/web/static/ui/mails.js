// @ts-check
/** What the account has about mails: whether the address is verified, and how often digests come. */
import { h, replace } from "../core/dom.js";
import { button, segmented } from "./button.js";
import { chip } from "./chips.js";
import { openForm } from "./dialog.js";
import { field } from "./field.js";
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
    button("Change the address", () => newAddress(ctx)),
  );
}

/** Ask for another address: it counts once its mail was followed. @param {Context} ctx */
function newAddress(ctx) {
  openForm({
    title: "Change the address",
    intro:
      "A mail goes to the new address; nothing changes until you follow its link. Your current address is told, too.",
    submit: "Send the mail",
    fields: [
      field("email", "The new address", { type: "email", attributes: { autocomplete: "email", required: true } }),
      field("password", "Your password", {
        type: "password",
        hint: "Not needed if you have just signed in.",
        attributes: { autocomplete: "current-password" },
      }),
    ],
    async save({ email, password }) {
      await ctx.api.post("auth/email", { body: { email, ...(password ? { password } : {}) } });
      toast.done("A mail with a link is on its way to that address.");
    },
  });
}

/** Say on the first view that the address is not verified yet. @param {Context} ctx */
export function unverifiedNote(ctx) {
  const place = h("div", {});
  const end = ctx.session.user.subscribe((now) => {
    const sendAgain = async () => {
      await ctx.api.post("auth/verification");
      toast.done("A mail with a link is on its way.");
    };
    const words = h(
      "p",
      {},
      "Your address is not verified: follow the link in the mail to ",
      h("b", {}, now?.email ?? ""),
      ".",
    );
    const again = h("div", { class: "page-actions" }, button("Send it again", sendAgain, { look: "quiet" }));
    replace(place, now && !now.email_verified ? h("div", { class: "invitation", role: "note" }, words, again) : null);
  });
  return { element: place, end };
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
      "Mails about what you have not read",
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
      segmented("Mails about what you have not read", choices, data.every, (every) => void choose(every)),
    );
  } catch {
    if (!ctx.signal.aborted) replace(place, "Not shown now.");
  }
}
