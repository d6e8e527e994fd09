// @ts-check
/**
 * What the links of mails lead to, for who is signed in and who is not: a forgotten password, a new one, an
 * address to verify, an invitation, no more digests. What a link ends with stands after the `#`, which no
 * server is sent; it is taken out of the address at once.
 */
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { button } from "../ui/button.js";
import { showProblem } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { outsideCard, signForm } from "../ui/outside.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ title: string, draw: (ctx: Context, token: string) => (import("../core/dom.js").Children)[] }} Page */

/** Where an invitation waits while its bearer signs in. */
const KEPT = "collab.invitation";
/** The same of a link that confirms a new address. */
const KEPT_ADDRESS = "collab.new-address";

/** @type {Record<string, Page>} */
const PAGES = {
  "/forgot": { title: "Forgotten password", draw: forgotten },
  "/reset": { title: "Choose a new password", draw: newPassword },
  "/verify": {
    title: "Verify your address",
    draw: (ctx, token) =>
      asking("One more click shows that this is your address.", "Verify it", async () => {
        const { data } = await ctx.api.post("auth/verification/confirm", { body: { token }, anonymous: true });
        const me = ctx.session.user.get();
        if (me && me.email === data.email) ctx.session.update({ ...me, email_verified: true });
        return `${data.email} is verified.`;
      }),
  },
  "/new-address": {
    title: "Your new address",
    draw: (ctx, token) => moved(ctx, token),
  },
  "/invitation": { title: "You are invited", draw: invited },
  "/unsubscribe": {
    title: "No more of these mails",
    draw: (ctx, token) =>
      asking("You will get no more mails about what you have not read.", "Stop them", async () => {
        await ctx.api.post(`mail/unsubscribe/${encodeURIComponent(token)}`, { anonymous: true });
        return "They are stopped. You can turn them on again in your account.";
      }),
  },
};

/** @param {HTMLElement} root @param {Context} ctx */
function mount(root, ctx) {
  const page = PAGES[location.pathname.replace(/\/$/, "")] ?? PAGES["/forgot"];
  if (!page) return;
  const token = decodeURIComponent(location.hash.slice(1));
  if (token) history.replaceState(history.state, "", location.pathname);
  const card = outsideCard(page.title, page.draw(ctx, token));
  root.append(card);
  document.title = `${page.title} · Collab`;
  /** @type {HTMLElement | null} */ (card.querySelector("input, button, h1"))?.focus();
}

/** Tell how it ended, in the form's place. @param {HTMLElement} place @param {string} words */
function done(place, words) {
  const told = h("p", { role: "status", tabindex: -1 }, words);
  replace(place, told, onward());
  told.focus();
}

function onward() {
  return h("p", { class: "quiet" }, h("a", { href: "/" }, "Go on to Collab"));
}

/** @param {Context} ctx */
function forgotten(ctx) {
  const email = field("email", "E-mail", { type: "email", attributes: { autocomplete: "username", required: true } });
  const place = h("div", {});
  const send = async () => {
    await ctx.api.post("auth/password/forgot", { body: { email: email.value() }, anonymous: true });
    done(place, "If there is an account with this address, a mail with a link is on its way. It works for 30 minutes.");
  };
  place.append(signForm("Send me a link", [email], send, showProblem));
  return [place];
}

/** @param {Context} ctx @param {string} token */
function newPassword(ctx, token) {
  const password = field("new_password", "The new password", {
    type: "password",
    hint: "At least 8 characters; a sentence is best.",
    attributes: { autocomplete: "new-password", required: true, minlength: 8 },
  });
  const place = h("div", {});
  const send = async () => {
    const body = { token, new_password: password.value() };
    await ctx.api.post("auth/password/reset", { body, anonymous: true });
    done(place, "The password is changed, and all sessions have ended: sign in with the new one.");
  };
  place.append(signForm("Change the password", [password], send, showProblem));
  return [place, h("p", { class: "quiet" }, h("a", { href: "/forgot" }, "Send me another link"))];
}

/** @param {Context} ctx @param {string} token */
function invited(ctx, token) {
  const kept = token || sessionStorage.getItem(KEPT) || "";
  if (!ctx.session.user.get()) {
    sessionStorage.setItem(KEPT, kept);
    return [
      h("p", {}, "Sign in, or make an account, with the address that the mail was sent to."),
      h("p", {}, h("a", { href: "/sign-in?next=/invitation" }, "Sign in")),
      h("p", {}, h("a", { href: "/register?next=/invitation" }, "Make an account")),
    ];
  }
  return asking("Become a member of the project, and see what is in it.", "Accept", async () => {
    const { data } = await ctx.api.post("invitations/accept", { body: { token: kept } });
    sessionStorage.removeItem(KEPT);
    ctx.router.go(`/projects/${data.project_id}`);
    return "You are a member.";
  });
}

/** Who asked for it confirms it, where they are signed in. @param {Context} ctx @param {string} token */
function moved(ctx, token) {
  const kept = token || sessionStorage.getItem(KEPT_ADDRESS) || "";
  if (!ctx.session.user.get()) {
    sessionStorage.setItem(KEPT_ADDRESS, kept);
    return [
      h("p", {}, "Sign in to your account as you did before; then this address is confirmed."),
      h("p", {}, h("a", { href: "/sign-in?next=/new-address" }, "Sign in")),
    ];
  }
  return asking(
    "From now on, mails for your account go to this address, and you sign in with it.",
    "Use it",
    async () => {
      const { data } = await ctx.api.post("auth/email/confirm", { body: { token: kept } });
      sessionStorage.removeItem(KEPT_ADDRESS);
      const me = ctx.session.user.get();
      if (me) ctx.session.update({ ...me, ...data });
      return `The address of your account is ${data.email}.`;
    },
  );
}

/**
 * A sentence, and a button that does it: what follows a link by itself, as some mail servers do, does nothing.
 * @param {string} words
 * @param {string} label
 * @param {() => Promise<string>} act
 */
function asking(words, label, act) {
  const wrong = h("p", { class: "form-wrong", role: "alert", hidden: true });
  const place = h("div", { class: "form" });
  const attempt = async () => {
    wrong.hidden = true;
    try {
      done(place, await act());
    } catch (error) {
      wrong.textContent = asProblem(error).message;
      wrong.hidden = false;
    }
  };
  place.append(h("p", {}, words), wrong, button(label, attempt, { look: "primary", class: "button-wide" }));
  return [place];
}

export default { title: "Mail", mount };
