// @ts-check
/** The own account: name, password, colours, sessions. */
import { h, loadStyles, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { setTheme, theme } from "../core/theme.js";
import { programOf } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { button, segmented } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { openForm } from "../ui/dialog.js";
import { problemBox } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { firstPassword, identitiesPart } from "../ui/identities.js";
import { addressRow, digestRow } from "../ui/mails.js";
import { pageHead, section } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";
import { drawFactors } from "../rooms/factors.js";
import { ownDataPart } from "../rooms/own-data.js";
import { drawTokens, newToken } from "../rooms/tokens.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("security");
  const sessions = h("div", {}, skeleton(2));
  const factors = h("div", {}, skeleton(2));
  const tokens = h("div", {}, skeleton(1));
  const name = h("span", { class: "row-title", dir: "auto" }, ctx.user.name);
  const end = ctx.session.user.subscribe((now) => now && (name.textContent = now.name));
  const colours = segmented(
    "Colours",
    [
      ["system", "As the system"],
      ["light", "Light"],
      ["dark", "Dark"],
    ],
    theme(),
    setTheme,
  );
  const password = h("div", { class: "row-end" });
  const others = identitiesPart(ctx, (has) =>
    replace(
      password,
      has
        ? button("Change the password", () => newPassword(ctx))
        : button("Set a password", () => firstPassword(ctx, others.load)),
    ),
  );
  const who = h(
    "div",
    { class: "rows" },
    h(
      "div",
      { class: "row" },
      h("div", { class: "row-main" }, name, h("div", { class: "row-sub" }, ctx.user.email)),
      button("Change the name", () => rename(ctx)),
    ),
    addressRow(ctx),
    h("div", { class: "row" }, h("div", { class: "row-main" }, "Password"), password),
    h("div", { class: "row row-wrap" }, h("div", { class: "row-main" }, "Colours"), colours),
    digestRow(ctx),
  );
  const everywhere = button("Sign out everywhere", () => signOutEverywhere(ctx), { look: "quiet" });
  root.append(
    h(
      "div",
      { class: "page" },
      pageHead("Account"),
      section("You", [who]),
      section("Other services that sign you in", [others.element]),
      section("Second factor and passkeys", [factors]),
      section("Tokens for scripts", [tokens], { actions: button("New token", () => newToken(ctx, tokens)) }),
      section("Where you are signed in", [sessions], { actions: everywhere }),
      section("Your data", [ownDataPart(ctx)]),
    ),
  );
  void drawFactors(factors, ctx);
  void drawTokens(tokens, ctx);
  void drawSessions(sessions, ctx);
  return end;
}

/** @param {HTMLElement} place @param {Context} ctx */
async function drawSessions(place, ctx) {
  try {
    const { data } = await ctx.api.get("auth/sessions", { signal: ctx.signal });
    replace(
      place,
      h(
        "div",
        { class: "rows" },
        data.items.map((/** @type {any} */ one) => sessionRow(one, place, ctx)),
      ),
    );
  } catch (error) {
    if (!ctx.signal.aborted)
      replace(
        place,
        problemBox(asProblem(error), () => drawSessions(place, ctx)),
      );
  }
}

/** @param {any} one @param {HTMLElement} place @param {Context} ctx */
function sessionRow(one, place, ctx) {
  const end = async () => {
    await ctx.api.delete(`auth/sessions/${one.id}`);
    toast.done("That session has ended.");
    await drawSessions(place, ctx);
  };
  return h(
    "div",
    { class: "row" },
    h(
      "div",
      { class: "row-main" },
      h("div", { class: "row-title", title: one.user_agent }, programOf(one.user_agent)),
      h("div", { class: "row-sub" }, `${one.address} · last used `, timeOf(one.last_used_at)),
    ),
    one.current ? chip("this one", "accent") : button("End it", end, { look: "quiet" }),
  );
}

/** @param {Context} ctx */
function rename(ctx) {
  openForm({
    title: "Change the name",
    submit: "Save",
    fields: [field("name", "Name", { value: ctx.user.name, attributes: { maxlength: 100, autocomplete: "name" } })],
    async save(values) {
      ctx.session.update((await ctx.api.patch("auth/me", { body: values })).data);
    },
  });
}

/** @param {Context} ctx */
function newPassword(ctx) {
  openForm({
    title: "Change the password",
    intro: "Your other sessions end.",
    submit: "Change it",
    fields: [
      field("current_password", "The password as it is", {
        type: "password",
        attributes: { autocomplete: "current-password" },
      }),
      field("new_password", "The new one", {
        type: "password",
        hint: "At least 8 characters.",
        attributes: { autocomplete: "new-password" },
      }),
    ],
    async save(values) {
      await ctx.api.post("auth/password", { body: values });
      toast.done("The password is changed.");
    },
  });
}

/** @param {Context} ctx */
async function signOutEverywhere(ctx) {
  await ctx.api.post("auth/logout-all");
  await ctx.session.signOut();
}

export default { title: "Account", mount };
