// @ts-check
/** Personal tokens: what scripts sign in with. */
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { openDialog } from "../ui/dialog.js";
import { problemBox } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { toast } from "../ui/toast.js";
import { formThen, shown, whoField } from "./confirming.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} place @param {Context} ctx */
export async function drawTokens(place, ctx) {
  const again = () => drawTokens(place, ctx);
  try {
    const { data } = await ctx.api.get("auth/tokens", {
      query: { limit: 100, sort: "-created_at" },
      signal: ctx.signal,
    });
    const rows = data.items.map((/** @type {any} */ one) => tokenRow(one, ctx, again));
    const none = h("p", { class: "quiet" }, "A script sends a token in place of your password. You have none.");
    replace(place, rows.length ? h("div", { class: "rows" }, rows) : none);
  } catch (error) {
    if (!ctx.signal.aborted) replace(place, problemBox(asProblem(error), again));
  }
}

/** @param {any} one @param {Context} ctx @param {() => Promise<void>} again */
function tokenRow(one, ctx, again) {
  const revoke = async () => {
    await ctx.api.delete(`auth/tokens/${one.id}`);
    toast.done("The token is revoked.");
    await again();
  };
  const used = one.last_used_at ? [" · last used ", timeOf(one.last_used_at)] : " · not used yet";
  return h(
    "div",
    { class: "row row-wrap" },
    h(
      "div",
      { class: "row-main" },
      h("div", { class: "row-title", dir: "auto" }, one.name),
      h("div", { class: "row-sub" }, one.scopes.join(", "), " · ends ", timeOf(one.expires_at), used),
    ),
    button("Revoke", revoke, { look: "quiet" }),
  );
}

/** @param {Context} ctx @param {HTMLElement} place */
export async function newToken(ctx, place) {
  const { data } = await ctx.api.get("auth/tokens/scopes", { signal: ctx.signal });
  const scopes = scopesField(data.scopes);
  formThen({
    title: "New personal token",
    submit: "Make the token",
    fields: [
      field("name", "Name", { hint: "What it is for.", attributes: { maxlength: 100, required: true } }),
      field("expires_in_days", "Days until it ends", { type: "number", value: "30", attributes: { min: 1 } }),
      scopes,
      whoField(),
    ],
    async save({ name, expires_in_days: days, scopes: wanted, ...values }) {
      const body = { name, expires_in_days: Number(days), scopes: wanted, ...shown(values) };
      const { data: made } = await ctx.api.post("auth/tokens", { body });
      await drawTokens(place, ctx);
      return () => showToken(made.token);
    },
  });
}

/**
 * What a token may do, as a field of a form.
 * @param {{ name: string, meaning: string }[]} scopes
 * @returns {import("../ui/field.js").Field}
 */
function scopesField(scopes) {
  const boxes = scopes.map((one) => ({ one, box: h("input", { type: "checkbox", value: one.name }) }));
  const wrong = h("p", { class: "field-wrong", hidden: true });
  const labels = boxes.map(({ one, box }) => h("label", { class: "check", title: one.meaning }, box, one.name));
  const element = h(
    "fieldset",
    { class: "field" },
    h("legend", {}, "What it may do"),
    h("div", { class: "scopes" }, labels),
    wrong,
  );
  return {
    name: "scopes",
    element,
    value: () => boxes.filter(({ box }) => box.checked).map(({ one }) => one.name),
    set() {},
    focus: () => boxes[0]?.box.focus(),
    tell(text) {
      wrong.textContent = text;
      wrong.hidden = !text;
      return Boolean(text);
    },
  };
}

/** @param {string} token */
function showToken(token) {
  openDialog({
    title: "Your new token",
    body: [
      h("p", { class: "quiet" }, "It is shown only now. Send it as `Authorization: Bearer` and the token."),
      h("p", { class: "secret", "aria-label": "Token" }, token),
    ],
    actions: [button("Copy", () => navigator.clipboard.writeText(token))],
  });
}
