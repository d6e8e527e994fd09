// @ts-check
/** The second step of signing in: a code, or a passkey. */
import { h } from "../core/dom.js";
import { hasPasskeys, signWithPasskey } from "../core/passkeys.js";
import { button } from "./button.js";
import { showProblem } from "./dialog.js";
import { field } from "./field.js";
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
  const finish = async (/** @type {{ code?: string, passkey?: any }} */ shown) => {
    await ctx.session.finishSignIn(asked.proof, shown);
    ctx.router.again();
  };
  const hasApp = asked.methods.includes("totp");
  const code = field("code", hasApp ? "Code" : "Recovery code", {
    hint: hasApp ? "Six digits of your authenticator app, or one of your recovery codes." : "",
    attributes: { autocomplete: "one-time-code", required: true, autocapitalize: "off", spellcheck: "false" },
  });
  /** @type {HTMLElement[]} */
  const parts = [signForm("Continue", [code], () => finish({ code: code.value() }), showProblem)];
  if (asked.passkey && hasPasskeys()) {
    const use = async () => finish({ passkey: await signWithPasskey(asked.passkey) });
    parts.unshift(h("div", { class: "form" }, button("Use a passkey", use, { class: "button-wide" })));
  }
  return { parts, focus: code.focus };
}
