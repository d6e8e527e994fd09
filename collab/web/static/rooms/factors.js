// @ts-check
/** The authenticator app, the recovery codes and the passkeys of one's account. */
import { h, replace } from "../core/dom.js";
import { hasPasskeys, makePasskey } from "../core/passkeys.js";
import { asProblem } from "../core/problem.js";
import { plural } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { openDialog, openForm } from "../ui/dialog.js";
import { problemBox } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { toast } from "../ui/toast.js";
import { confirmFirst, formThen, shown, whoField } from "./confirming.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} place @param {Context} ctx */
export async function drawFactors(place, ctx) {
  const again = () => drawFactors(place, ctx);
  try {
    const [{ data: now }, { data: keys }] = await Promise.all([
      ctx.api.get("auth/second-factor", { signal: ctx.signal }),
      ctx.api.get("auth/passkeys", { query: { limit: 100 }, signal: ctx.signal }),
    ]);
    const passkeys = keys.items.map((/** @type {any} */ one) => passkeyRow(one, ctx, again));
    replace(
      place,
      h("div", { class: "rows" }, appRow(now, ctx, again), codesRow(now, ctx, again), addRow(ctx, again), passkeys),
    );
  } catch (error) {
    if (!ctx.signal.aborted) replace(place, problemBox(asProblem(error), again));
  }
}

/** @param {string} title @param {import("../core/dom.js").Children} sub @param {import("../core/dom.js").Children} actions */
function row(title, sub, actions) {
  const main = h("div", { class: "row-main" }, h("div", { class: "row-title", dir: "auto" }, title));
  main.append(h("div", { class: "row-sub" }, sub));
  return h("div", { class: "row row-wrap" }, main, actions);
}

/** @param {any} now @param {Context} ctx @param {() => Promise<void>} again */
function appRow(now, ctx, again) {
  if (!now.totp_since)
    return row(
      "Authenticator app",
      "Its codes are asked for when you sign in.",
      button("Set up", () => setUp(ctx, again)),
    );
  const off = () =>
    confirmFirst("Turn the authenticator app off", "Turn it off", async (who) => {
      await ctx.api.post("auth/totp/disable", { body: who });
      toast.done("The authenticator app is off.");
      await again();
    });
  return row("Authenticator app", ["on since ", timeOf(now.totp_since)], [chip("on", "good"), button("Turn off", off)]);
}

/** @param {any} now @param {Context} ctx @param {() => Promise<void>} again */
function codesRow(now, ctx, again) {
  if (!now.required) return null;
  const renew = () =>
    confirmFirst(
      "New recovery codes",
      "Make new ones",
      async (who) => {
        const { data } = await ctx.api.post("auth/recovery-codes", { body: who });
        await again();
        return () => showCodes(data.recovery_codes);
      },
      "The ones you have will stop working.",
    );
  return row("Recovery codes", `${plural(now.recovery_codes_left, "code")} left`, button("Make new ones", renew));
}

/** @param {Context} ctx @param {() => Promise<void>} again */
function setUp(ctx, again) {
  confirmFirst("Set up an authenticator app", "Continue", async (who) => {
    const { data } = await ctx.api.post("auth/totp", { body: who });
    return () => confirmApp(data, ctx, again);
  });
}

/** @param {any} begun @param {Context} ctx @param {() => Promise<void>} again */
function confirmApp(begun, ctx, again) {
  const picture = h("img", {
    class: "qr",
    alt: "The same as a picture, for the app’s camera",
    src: `data:image/svg+xml,${encodeURIComponent(begun.qr)}`,
  });
  const dialog = formThen({
    title: "Add it to the app",
    intro: "Scan the picture with the app, or type the key; then enter the code that it shows.",
    submit: "Turn it on",
    fields: [field("code", "Code", { attributes: { autocomplete: "one-time-code", inputmode: "numeric" } })],
    async save(values) {
      const { data } = await ctx.api.post("auth/totp/confirm", { body: values });
      toast.done("Signing in asks for a code from now on.");
      await again();
      return () => showCodes(data.recovery_codes);
    },
  });
  const key = h("p", { class: "secret", "aria-label": "Key" }, begun.secret.match(/.{1,4}/g).join(" "));
  dialog.element.querySelector(".form .field")?.before(picture, key);
}

/** @param {string[]} codes */
function showCodes(codes) {
  if (!codes.length) return; // there are some already
  openDialog({
    title: "Your recovery codes",
    body: [
      h(
        "p",
        { class: "quiet" },
        "Each works once, for when you have no device at hand. They are shown only now: keep them.",
      ),
      h(
        "ul",
        { class: "secrets", "aria-label": "Recovery codes" },
        codes.map((one) => h("li", {}, one)),
      ),
    ],
    actions: [button("Copy", () => navigator.clipboard.writeText(codes.join("\n")))],
  });
}

/** @param {Context} ctx @param {() => Promise<void>} again */
function addRow(ctx, again) {
  if (!hasPasskeys()) return row("Passkeys", "This browser has none for this address.", null);
  const add = () => {
    const aborter = new AbortController();
    const dialog = formThen({
      title: "Add a passkey",
      intro: "Your device asks for your finger, your face or its PIN.",
      submit: "Add it",
      fields: [
        field("name", "Name", { value: "This device", attributes: { maxlength: 100, required: true } }),
        whoField(),
      ],
      async save(values) {
        const { data: begun } = await ctx.api.post("auth/passkeys/options", { body: shown(values) });
        const body = { name: values["name"], credential: await makePasskey(begun.options, aborter.signal) };
        const { data } = await ctx.api.post("auth/passkeys", { body });
        toast.done("The passkey is added. From now on the password alone does not sign in.");
        await again();
        return () => showCodes(data.recovery_codes);
      },
    });
    // Who closes it wants no passkey: the device is not to go on asking, nor to make one.
    void dialog.closed.then(() => aborter.abort());
  };
  return row("Passkeys", "They sign in by themselves, or after the password.", button("Add a passkey", add));
}

/** @param {any} one @param {Context} ctx @param {() => Promise<void>} again */
function passkeyRow(one, ctx, again) {
  const rename = () =>
    openForm({
      title: "Rename the passkey",
      submit: "Save",
      fields: [field("name", "Name", { value: one.name, attributes: { maxlength: 100 } })],
      async save(values) {
        await ctx.api.patch(`auth/passkeys/${one.id}`, { body: values });
        await again();
      },
    });
  const remove = () =>
    confirmFirst(`Remove ${one.name}`, "Remove it", async (who) => {
      await ctx.api.post(`auth/passkeys/${one.id}/remove`, { body: who });
      toast.done("The passkey is removed.");
      await again();
    });
  const used = one.last_used_at ? ["last used ", timeOf(one.last_used_at)] : "not used yet";
  return row(
    one.name,
    [one.domain, " · ", ...[used].flat()],
    [button("Rename", rename, { look: "quiet" }), button("Remove", remove, { look: "quiet" })],
  );
}
