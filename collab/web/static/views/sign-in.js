// @ts-check
import { h } from "../core/dom.js";
import { showProblem } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { demoPart, outsideCard, signForm } from "../ui/outside.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const email = field("email", "E-mail", { type: "email", attributes: { autocomplete: "username", required: true } });
  const password = field("password", "Password", {
    type: "password",
    attributes: { autocomplete: "current-password", required: true },
  });
  const enter = async (/** @type {string} */ address, /** @type {string} */ secret) => {
    await ctx.session.signIn(address, secret);
    ctx.router.again();
  };
  const form = signForm("Sign in", [email, password], () => enter(email.value(), password.value()), showProblem);
  const demo = h("div", {});
  root.append(
    outsideCard("Sign in", [
      form,
      demo,
      h("p", { class: "quiet" }, "New here? ", h("a", { href: `/register${location.search}` }, "Make an account")),
    ]),
  );
  email.focus();
  await demoPart(demo, ctx, {
    enter,
    fill(address) {
      email.set(address);
      password.focus();
    },
  });
}

export default { title: "Sign in", mount };
