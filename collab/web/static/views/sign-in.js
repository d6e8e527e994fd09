// @ts-check
import { h, replace } from "../core/dom.js";
import { hasPasskeys, signWithPasskey } from "../core/passkeys.js";
import { asProblem } from "../core/problem.js";
import { button } from "../ui/button.js";
import { showProblem } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { elsewherePart } from "../ui/elsewhere.js";
import { demoPart, outsideCard, signForm } from "../ui/outside.js";
import { oneWay } from "../ui/one-way.js";
import { askedFor, secondStep } from "../ui/second-step.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const email = field("email", "E-mail", { type: "email", attributes: { autocomplete: "username", required: true } });
  const password = field("password", "Password", {
    type: "password",
    attributes: { autocomplete: "current-password", required: true },
  });
  const alone = oneWay([root], ctx.signal);
  // Every way to sign in goes through here, so that what may be asked for besides is asked in one place.
  const enter = (/** @type {() => Promise<unknown>} */ send) =>
    alone(async () => {
      try {
        await send();
      } catch (error) {
        const asked = askedFor(asProblem(error));
        if (!asked || ctx.signal.aborted) throw error;
        goOn(root, asked, ctx);
        return;
      }
      ctx.router.again();
    });
  const byPassword = (/** @type {string} */ address, /** @type {string} */ secret) =>
    enter(() => ctx.session.signIn(address, secret));
  const withPasskey = () =>
    enter(() => ctx.session.signInWithPasskey((options) => signWithPasskey(options, ctx.signal)));
  const form = signForm("Sign in", [email, password], () => byPassword(email.value(), password.value()), showProblem);
  const [elsewhere, demo] = [h("div", {}), h("div", {})];
  root.append(
    outsideCard("Sign in", [
      form,
      hasPasskeys() ? button("Use a passkey", withPasskey, { class: "button-wide" }) : null,
      elsewhere,
      demo,
      h("p", { class: "quiet" }, h("a", { href: "/forgot" }, "Forgot the password?")),
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

/** Ask for the second factor. @param {HTMLElement} root @param {import("../ui/second-step.js").SecondFactor} asked @param {Context} ctx */
function goOn(root, asked, ctx) {
  const { parts, focus } = secondStep(asked, ctx);
  const anew = button("Begin again", () => location.reload(), { look: "quiet" });
  replace(root, outsideCard("One more step", [...parts, anew]));
  focus();
}

export default { title: "Sign in", mount };
