// @ts-check
/** All accounts: who is an admin, who is disabled. */
import { h, replace } from "../core/dom.js";
import { timeOf } from "../core/time.js";
import { avatar } from "../ui/avatar.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { empty } from "../ui/empty.js";
import { pagedList } from "../ui/paged.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ id: number, name: string, email: string, role: string, disabled: boolean, created_at: string }} Account */

/** Milliseconds without a key after which people are looked for. */
const PAUSE = 250;

/** @param {HTMLElement} place @param {Context} ctx */
export async function peoplePart(place, ctx) {
  const input = h("input", {
    class: "input",
    type: "search",
    placeholder: "Name or e-mail",
    "aria-label": "Find people",
  });
  const { element, load } = pagedList(ctx, "users", {
    query: () => ({ limit: 50, q: input.value.trim() }),
    row: (one) => personRow(ctx, one),
    nothing: () => empty({ icon: "members", title: "Nobody has that name" }),
  });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void load(), PAUSE);
  });
  replace(place, h("div", { class: "part" }, input, element));
  await load();
}

/** @param {Context} ctx @param {Account} one */
function personRow(ctx, one) {
  const row = h("div", { class: "row row-wide member-row" });
  const change = (/** @type {Record<string, any>} */ body) => async () => {
    const { data } = await ctx.api.patch(`users/${one.id}`, { body });
    row.replaceWith(personRow(ctx, data));
  };
  const admin = one.role === "admin";
  const me = one.id === ctx.user.id;
  const main = h(
    "span",
    { class: "row-main" },
    h("span", { class: "row-title", dir: "auto" }, one.name, me ? " (you)" : ""),
    h("span", { class: "row-sub" }, one.email, " · since ", timeOf(one.created_at, "")),
  );
  const jobs = h("a", { class: "button button-quiet", href: `/admin/jobs?owner=${one.id}` }, "Jobs");
  const sessions = h("a", { class: "button button-quiet", href: `/admin/sessions?user=${one.id}` }, "Sessions");
  const actions = me
    ? [jobs, sessions]
    : [
        jobs,
        sessions,
        button(admin ? "Make a user" : "Make an admin", change({ role: admin ? "user" : "admin" }), { look: "quiet" }),
        button(one.disabled ? "Enable" : "Disable", change({ disabled: !one.disabled }), {
          look: one.disabled ? "plain" : "danger",
        }),
      ];
  row.append(
    avatar(one, { decorative: true }),
    main,
    ...[admin ? chip("admin", "accent") : "", one.disabled ? chip("disabled", "wrong") : ""],
    ...actions,
  );
  return row;
}
