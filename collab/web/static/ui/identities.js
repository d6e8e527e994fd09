// @ts-check
/** The services that sign in to one's own account: linked, unlinked; and the password that it may not have yet. */
import { oneAtATime } from "../core/newest.js";
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { timeOf } from "../core/time.js";
import { button } from "./button.js";
import { openForm } from "./dialog.js";
import { kindOf, labelOf, loadProviders, takeReturn, wordsFor } from "./elsewhere.js";
import { problemBox } from "./empty.js";
import { field } from "./field.js";
import { skeleton } from "./skeleton.js";
import { toast } from "./toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {import("./elsewhere.js").Provider} Provider */
/** @typedef {{ id: number, provider: string, shown: string, last_used_at: string }} Identity */

/**
 * @param {Context} ctx
 * @param {(has: boolean) => void} onPassword is told whether the account has a password
 */
export function identitiesPart(ctx, onPassword) {
  const element = h("div", {}, skeleton(1));
  const load = oneAtATime(async () => {
    try {
      const [all, { data }] = await Promise.all([
        loadProviders(ctx),
        ctx.api.get("auth/me/identities", { signal: ctx.signal }),
      ]);
      onPassword(data.has_password);
      replace(element, rows(ctx, all, data, load));
    } catch (error) {
      if (!ctx.signal.aborted) replace(element, problemBox(asProblem(error), load));
    }
  });
  void comeBack(ctx).then(load);
  return { element, load };
}

/** Link what a provider has said, when somebody comes back from one. @param {Context} ctx */
async function comeBack(ctx) {
  const back = takeReturn();
  if (!back) return;
  const label = labelOf(await loadProviders(ctx), back.provider);
  if (back.problem) return void toast.show({ text: wordsFor(back.problem, label), kind: "wrong" });
  try {
    await ctx.api.post("auth/me/identities", { body: { proof: back.proof } });
    toast.done(`${label} is linked: it signs you in from now on.`);
  } catch (error) {
    toast.problem(asProblem(error));
  }
}

/**
 * @param {Context} ctx
 * @param {Provider[]} all
 * @param {{ has_password: boolean, identities: Identity[] }} data
 * @param {() => Promise<void>} load
 */
function rows(ctx, all, data, load) {
  const linked = data.identities.map((one) => linkedRow(ctx, all, one, load));
  const known = new Set(data.identities.map((one) => one.provider));
  const others = all.filter((one) => !known.has(one.name)).map((one) => otherRow(ctx, one, data.has_password));
  if (!linked.length && !others.length) return h("p", { class: "quiet" }, "No other service signs people in here.");
  return h("div", { class: "rows" }, linked, others);
}

/** @param {Context} ctx @param {Provider[]} all @param {Identity} one @param {() => Promise<void>} load */
function linkedRow(ctx, all, one, load) {
  const label = labelOf(all, one.provider);
  const unlink = async () => {
    await ctx.api.delete(`auth/me/identities/${one.id}`);
    toast.done(`${label} is unlinked.`);
    await load();
  };
  return h(
    "div",
    { class: "row" },
    h(
      "div",
      { class: "row-main" },
      h("div", { class: "row-title" }, label),
      h("div", { class: "row-sub" }, h("span", { dir: "auto" }, one.shown), " · last used ", timeOf(one.last_used_at)),
    ),
    button(`Unlink ${label}`, unlink, { look: "quiet" }),
  );
}

/** @param {Context} ctx @param {Provider} one @param {boolean} hasPassword */
function otherRow(ctx, one, hasPassword) {
  return h(
    "div",
    { class: "row" },
    h("div", { class: "row-main" }, h("div", { class: "row-title" }, one.label)),
    button(`Link ${one.label}`, () => link(ctx, one, hasPassword)),
  );
}

/** @param {Context} ctx @param {Provider} one @param {boolean} hasPassword */
async function link(ctx, one, hasPassword) {
  try {
    await begin(ctx, one, {});
  } catch (error) {
    if (kindOf(asProblem(error)) !== "log-in-not-fresh" || !hasPassword) throw error;
    const password = field("password", "Your password", {
      type: "password",
      attributes: { autocomplete: "current-password" },
    });
    openForm({
      title: `Link ${one.label}`,
      intro: "You signed in a while ago, so your password is needed.",
      submit: "Go on",
      fields: [password],
      save: (values) => begin(ctx, one, values),
    });
  }
}

/** @param {Context} ctx @param {Provider} one @param {Record<string, any>} body */
async function begin(ctx, one, body) {
  const { data } = await ctx.api.post(`auth/${one.name}/link`, { body: { ...body, return_to: "/account" } });
  location.assign(data.authorization_url);
}

/** @param {Context} ctx @param {() => Promise<void>} load */
export function firstPassword(ctx, load) {
  openForm({
    title: "Set a password",
    intro: "Then you can sign in with your e-mail address, too. Your other sessions end.",
    submit: "Set it",
    fields: [
      field("new_password", "The password", {
        type: "password",
        hint: "At least 8 characters.",
        attributes: { autocomplete: "new-password" },
      }),
    ],
    async save(values) {
      await ctx.api.post("auth/password", { body: values });
      toast.done("The password is set.");
      await load();
    },
  });
}
