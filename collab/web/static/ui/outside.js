// @ts-check
/** What is shown to who is not signed in: one card, a form, and the people of a demonstration. */
import { append, h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { avatar } from "./avatar.js";
import { busily, button } from "./button.js";
import { mark } from "./icons.js";

/**
 * @param {string} title
 * @param {import("../core/dom.js").Children[]} body
 */
export function outsideCard(title, body) {
  const card = h(
    "div",
    { class: "outside-card" },
    h("div", { class: "outside-brand" }, mark(28), "Collab"),
    h("h1", { tabindex: -1 }, title),
  );
  append(card, ...body);
  return h("main", { class: "outside", id: "main" }, card);
}

/**
 * @param {string} words
 * @param {import("./field.js").Field[]} fields
 * @param {() => Promise<unknown>} send
 * @param {(problem: import("../core/problem.js").Problem, fields: import("./field.js").Field[], wrong: HTMLElement) => void} showProblem
 */
export function signForm(words, fields, send, showProblem) {
  const wrong = h("p", { class: "form-wrong", role: "alert", hidden: true });
  const submit = button(words, () => {}, { look: "primary", type: "submit", class: "button-wide" });
  const form = h(
    "form",
    { class: "form", method: "post", novalidate: true },
    fields.map((one) => one.element),
    wrong,
    submit,
  );
  const attempt = async () => {
    try {
      await send();
    } catch (error) {
      showProblem(asProblem(error), fields, wrong);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    wrong.hidden = true;
    void busily(submit, attempt);
  });
  return form;
}

/**
 * Offer the people of a demonstration, where the server has them (`--demo`). Their password is told to
 * browsers on the server's machine alone; elsewhere it has to be typed.
 * @param {HTMLElement} place
 * @param {import("../core/context.js").Context} ctx
 * @param {{ enter: (email: string, password: string) => Promise<void>, fill: (email: string) => void }} ways
 */
export async function demoPart(place, ctx, { enter, fill }) {
  const nobody = { data: { people: [], password: null } };
  const { data } = await ctx.api.get("auth/demo", { anonymous: true, signal: ctx.signal }).catch(() => nobody);
  if (!data.people.length) return;
  const people = data.people.map((/** @type {any} */ one, /** @type {number} */ index) => {
    const face = avatar({ id: index + 1, name: one.name }, { decorative: true });
    const made = h("button", { type: "button", class: "demo-person" }, face, one.name);
    const go = async () => (data.password ? enter(one.email, data.password) : fill(one.email));
    made.addEventListener("click", () => void busily(made, go));
    return made;
  });
  const hint = data.password
    ? null
    : h("p", { class: "quiet" }, "Their password was printed where the server was started.");
  replace(
    place,
    h(
      "section",
      { class: "demo", "aria-labelledby": "demo-title" },
      h("h2", { id: "demo-title" }, "Or look around as"),
      h("div", { class: "demo-people" }, people),
      hint,
      h("p", { class: "quiet" }, SIDE_BY_SIDE),
    ),
  );
}

const SIDE_BY_SIDE =
  "To see two people at work side by side, open a second window in private mode and be somebody else there: " +
  "windows and tabs of one browser share who is signed in.";
