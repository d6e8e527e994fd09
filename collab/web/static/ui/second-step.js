// @ts-check
/** The second step of signing in: a code, or a passkey. */
import { h } from "../core/dom.js";
import { hasPasskeys, signWithPasskey } from "../core/passkeys.js";
import { button } from "./button.js";
import { showProblem } from "./dialog.js";
import { field } from "./field.js";
import { oneWay } from "./one-way.js";
import { signForm } from "./outside.js";

/** @typedef {{ proof: string, methods: string[], passkey?: any }} SecondFactor what the first step was answered */

/**
 * What a problem asks for, if it asks for a second factor.
 * @param {import("../core/problem.js").Problem} problem
 * @returns {SecondFactor | null}
 */
export function askedFor(problem) {
  return problem.body["type"] === "/problems/second-factor-required" ? problem.body["second_factor"] : null;
}

/**
 * @param {SecondFactor} asked
 * @param {import("../core/context.js").Context} ctx
 * @returns {{ parts: HTMLElement[], focus: () => void }}
 */
export function secondStep(asked, ctx) {
  /** @type {HTMLElement[]} */
  const parts = [];
  const alone = oneWay(parts, ctx.signal);
  const finish = (/** @type {() => Promise<{ code?: string, passkey?: any }>} */ show) =>
    alone(async () => {
      await ctx.session.finishSignIn(asked.proof, await show());
      ctx.router.again();
    });
  const hasApp = asked.methods.includes("totp");
  const code = field("code", hasApp ? "Code" : "Recovery code", {
    hint: hasApp ? "Six digits of your authenticator app, or one of your recovery codes." : "",
    attributes: { autocomplete: "one-time-code", required: true, autocapitalize: "off", spellcheck: "false" },
  });
  parts.push(signForm("Continue", [code], () => finish(async () => ({ code: code.value() })), showProblem));
  if (asked.passkey && hasPasskeys()) {
    const use = () => finish(async () => ({ passkey: await signWithPasskey(asked.passkey, ctx.signal) }));
    parts.unshift(h("div", { class: "form" }, button("Use a passkey", use, { class: "button-wide" })));
  }
  return { parts, focus: code.focus };
}
