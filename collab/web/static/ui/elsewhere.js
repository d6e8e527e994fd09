// @ts-check
/**
 * Signing in with other services. Whoever comes back from one brings a proof in the part of the address after
 * the `#`, which no server is sent; it is taken out of the address at once, and is good in this browser alone.
 */
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { showProblem } from "./dialog.js";
import { field } from "./field.js";
import { signForm } from "./outside.js";
import { linkButton } from "./button.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ name: string, label: string, address: string }} Provider */
/** @typedef {{ proof: string | null, problem: string | null, provider: string }} Return */

/** What went wrong, by the type of the problem. @type {Record<string, (label: string) => string>} */
const WORDS = {
  "provider-declined": (label) => `You did not let ${label} say who you are. Nothing has changed here.`,
  "log-in-not-begun-here": () => "That took too long, or was begun in another browser. Please try again.",
  "provider-unavailable": (label) => `${label} gives no answer just now. Try again later, or sign in another way.`,
  "address-not-vouched": (label) =>
    `${label} does not say that your e-mail address is yours. Confirm it there, or make an account with a password and link ${label} to it.`,
};

/** What somebody brings back from a provider; it goes from the address. @returns {Return | null} */
export function takeReturn() {
  const told = new URLSearchParams(location.hash.slice(1));
  const [proof, problem] = [told.get("proof"), told.get("problem")];
  if (!proof && !problem) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return { proof, problem, provider: told.get("provider") ?? "" };
}

/** @param {string} problem @param {string} label */
export function wordsFor(problem, label) {
  return WORDS[problem]?.(label) ?? `Signing in with ${label} did not work. Try again, or sign in another way.`;
}

/** @param {Context} ctx @returns {Promise<Provider[]>} */
export async function loadProviders(ctx) {
  const nobody = { data: { providers: [] } };
  const { data } = await ctx.api.get("auth/providers", { anonymous: true, signal: ctx.signal }).catch(() => nobody);
  return data.providers;
}

/** @param {Provider[]} all @param {string} name */
export function labelOf(all, name) {
  return all.find((one) => one.name === name)?.label ?? "the other service";
}

/**
 * Offer the services that sign people in here, and go on with what one of them has said.
 * @param {HTMLElement} place
 * @param {Context} ctx
 * @param {(send: () => Promise<unknown>) => Promise<void>} enter signs in by a request, and goes to the page
 */
export async function elsewherePart(place, ctx, enter) {
  const back = takeReturn();
  const wrong = h("p", { class: "form-wrong", role: "alert", hidden: true });
  const more = h("div", {});
  const all = await loadProviders(ctx);
  if (!all.length && !back) return;
  const next = ctx.query.get("next") ?? "/";
  const buttons = all.map((one) => {
    const link = linkButton(`Continue with ${one.label}`, `${one.address}?return_to=${encodeURIComponent(next)}`);
    link.classList.add("button-wide");
    return link;
  });
  replace(place, h("section", { class: "elsewhere", "aria-label": "Other ways to sign in" }, wrong, more, buttons));
  if (!back) return;
  const label = labelOf(all, back.provider);
  const say = (/** @type {string} */ words) => {
    wrong.textContent = words;
    wrong.hidden = false;
  };
  if (back.problem) say(wordsFor(back.problem, label));
  else if (back.proof) await finish(back.proof, label, { ctx, more, say, enter });
}

/**
 * @param {string} proof
 * @param {string} label
 * @param {{ ctx: Context, more: HTMLElement, say: (words: string) => void, enter: (send: () => Promise<unknown>) => Promise<void> }} ways
 */
async function finish(proof, label, { ctx, more, say, enter }) {
  try {
    await enter(() => ctx.session.signInElsewhere(proof));
  } catch (error) {
    const problem = asProblem(error);
    if (kindOf(problem) === "password-needed") return askPassword(proof, label, problem, { ctx, more, enter });
    const kind = kindOf(problem);
    say(kind in WORDS ? wordsFor(kind, label) : problem.message);
  }
}

/** @param {import("../core/problem.js").Problem} problem */
export function kindOf(problem) {
  return String(problem.body["type"] ?? "").replace("/problems/", "");
}

/**
 * An account has the address, and nothing proves that it is theirs: its password does, once.
 * @param {string} proof
 * @param {string} label
 * @param {import("../core/problem.js").Problem} problem
 * @param {{ ctx: Context, more: HTMLElement, enter: (send: () => Promise<unknown>) => Promise<void> }} ways
 */
function askPassword(proof, label, problem, { ctx, more, enter }) {
  const password = field("password", "Password of your account here", {
    type: "password",
    attributes: { autocomplete: "current-password", required: true },
  });
  const send = () => enter(() => ctx.session.signInElsewhere(proof, password.value()));
  replace(
    more,
    h("p", {}, "There is an account with ", h("strong", { dir: "auto" }, String(problem.body["email"] ?? "")), "."),
    h("p", { class: "quiet" }, `Enter its password once: then ${label} signs you in to it.`),
    signForm(`Link ${label} and sign in`, [password], send, showProblem),
  );
  password.focus();
}
