// @ts-check
import { h } from "../core/dom.js";
import { showProblem } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { elsewherePart } from "../ui/elsewhere.js";
import { demoPart, outsideCard, signForm } from "../ui/outside.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const email = field("email", "E-mail", { type: "email", attributes: { autocomplete: "username", required: true } });
  const password = field("password", "Password", {
    type: "password",
    attributes: { autocomplete: "current-password", required: true },
  });
  // Every way to sign in goes through here, so that what may be asked for besides is asked in one place.
  const enter = async (/** @type {() => Promise<unknown>} */ send) => {
    await send();
    ctx.router.again();
  };
  const byPassword = (/** @type {string} */ address, /** @type {string} */ secret) =>
    enter(() => ctx.session.signIn(address, secret));
  const form = signForm("Sign in", [email, password], () => byPassword(email.value(), password.value()), showProblem);
  const [elsewhere, demo] = [h("div", {}), h("div", {})];
  root.append(
    outsideCard("Sign in", [
      form,
      elsewhere,
      demo,
      h("p", { class: "quiet" }, "New here? ", h("a", { href: `/register${location.search}` }, "Make an account")),
    ]),
  );
  email.focus();
  await elsewherePart(elsewhere, ctx, enter);
  if (ctx.signal.aborted) return;
  await demoPart(demo, ctx, {
    enter: byPassword,
    fill(address) {
      email.set(address);
      password.focus();
    },
  });
}

export default { title: "Sign in", mount };
