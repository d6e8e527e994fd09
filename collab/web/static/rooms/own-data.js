// @ts-check
/** What is kept of oneself: taken along as a file, and erased. */
import { h } from "../core/dom.js";
import { Problem } from "../core/problem.js";
import { button } from "../ui/button.js";
import { openForm } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { toast } from "../ui/toast.js";
import { saveBlob } from "./output.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {Context} ctx */
export function ownDataPart(ctx) {
  return h(
    "div",
    { class: "rows" },
    row(
      "All that is kept of you",
      "JSON of each kind, and your files, as a zip.",
      button("Export", () => take(ctx)),
    ),
    row(
      "Erase the account",
      "What is yours alone is deleted; what is a project’s stays, without your name. This can’t be undone.",
      button("Erase it", () => erase(ctx), { look: "danger" }),
    ),
  );
}

/** @param {string} title @param {string} sub @param {HTMLElement} act */
function row(title, sub, act) {
  const main = h(
    "div",
    { class: "row-main" },
    h("div", { class: "row-title" }, title),
    h("div", { class: "row-sub" }, sub),
  );
  return h("div", { class: "row row-wrap" }, main, act);
}

function passwordField() {
  return field("password", "Your password", {
    type: "password",
    hint: "Not needed if you have just signed in.",
    attributes: { autocomplete: "current-password" },
  });
}

/** @param {Context} ctx */
function take(ctx) {
  openForm({
    title: "Export all that is kept of you",
    submit: "Export",
    fields: [passwordField()],
    async save({ password }) {
      const body = password ? { password } : {};
      saveBlob(await ctx.api.blob("auth/me/export", { method: "POST", body }), `collab-${ctx.user.id}.zip`);
      toast.done("The file is saved.");
    },
  });
}

function notTheirs() {
  const detail = "This is not the address of your account.";
  return new Problem(422, { detail, errors: [{ detail, pointer: "#/word" }] });
}

/** @param {Context} ctx */
function erase(ctx) {
  openForm({
    title: "Erase the account",
    intro: "You are signed out at once, and all that is yours is gone within minutes. This can’t be undone.",
    submit: "Erase it for good",
    fields: [
      field("word", `Write ${ctx.user.email}`, { attributes: { autocomplete: "off", required: true } }),
      field("take_projects", "Projects that only you own, others in them or not", {
        type: "select",
        choices: [
          ["no", "Stay: first make somebody an owner"],
          ["yes", "Go with me"],
        ],
      }),
      passwordField(),
    ],
    async save({ word, take_projects, password }) {
      if (word.trim().toLowerCase() !== ctx.user.email) throw notTheirs();
      const body = { take_projects: take_projects === "yes", ...(password ? { password } : {}) };
      await ctx.api.delete("auth/me", { body });
      await ctx.session.signOut();
    },
  });
}
