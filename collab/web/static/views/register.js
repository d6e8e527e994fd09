// @ts-check
import { h } from "../core/dom.js";
import { showProblem } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { outsideCard, signForm } from "../ui/outside.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
function mount(root, ctx) {
  const name = field("name", "Name", { attributes: { autocomplete: "name", maxlength: 100 } });
  const email = field("email", "E-mail", { type: "email", attributes: { autocomplete: "username", required: true } });
  const password = field("password", "Password", {
    type: "password",
    hint: "At least 8 characters; a sentence is best.",
    attributes: { autocomplete: "new-password", required: true, minlength: 8 },
  });
  const form = signForm(
    "Make the account",
    [name, email, password],
    async () => {
      await ctx.session.register(email.value(), password.value(), name.value());
      ctx.router.again();
    },
    showProblem,
  );
  root.append(
    outsideCard("Make an account", [
      form,
      h("p", { class: "quiet" }, "You have one? ", h("a", { href: `/sign-in${location.search}` }, "Sign in")),
    ]),
  );
  name.focus();
}

export default { title: "Make an account", mount };
