// @ts-check
/** A project's incoming hooks: secret addresses at which other systems publish events. */
import { h } from "../core/dom.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { openForm } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { pagedList } from "../ui/paged.js";
import { toast } from "../ui/toast.js";
import { showOnce } from "./show-once.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @type {[string, string][]} */
const CHECKS = [
  ["none", "Unsigned: the secret address is enough"],
  ["standard", "Standard Webhooks"],
  ["github", "As GitHub does (X-Hub-Signature-256)"],
];

/** @param {Context} ctx @param {number} project */
export function incomingPart(ctx, project) {
  const path = `projects/${project}/incoming-hooks`;
  const paged = pagedList(ctx, path, {
    query: () => ({ limit: 20 }),
    row: (hook) => row(ctx, hook, paged.load),
    nothing: () =>
      empty({
        icon: "pipeline",
        title: "No incoming hook yet",
        text: "Another system publishes events to this project by a POST to a secret address.",
      }),
  });
  const add = button("Add an incoming hook", () => make(ctx, path, paged.load), { icon: "plus" });
  return { element: paged.element, load: paged.load, actions: add };
}

/** @param {Context} ctx @param {any} hook @param {() => Promise<void>} changed */
function row(ctx, hook, changed) {
  const path = `incoming-hooks/${hook.id}`;
  const toggle = async () => {
    await ctx.api.patch(path, { body: { enabled: !hook.enabled } });
    await changed();
  };
  const ask = (/** @type {string} */ title, /** @type {string} */ submit, /** @type {() => Promise<void>} */ act) =>
    openForm({
      title: `${title} ${hook.name}`,
      intro: "From then on, requests to the current address are refused.",
      submit,
      fields: [],
      async save() {
        await act();
        await changed();
      },
    });
  const rotate = () =>
    ask("A new address for", "Make it", async () => show((await ctx.api.post(`${path}/rotate`)).data));
  const remove = () =>
    ask("Delete", "Delete it", async () => {
      await ctx.api.delete(path);
      toast.done("The hook is deleted: its address no longer works.");
    });
  return h(
    "div",
    { class: "row row-wrap" },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title", dir: "auto" }, hook.name),
      h("span", { class: "row-sub", dir: "auto" }, `${hook.event_type}, address …${hook.token_hint}`),
    ),
    chip(hook.enabled ? "on" : "off", hook.enabled ? "good" : "neutral"),
    button(hook.enabled ? "Switch off" : "Switch on", toggle, {
      look: "quiet",
      title: `${hook.enabled ? "Switch off" : "Switch on"} ${hook.name}`,
    }),
    button("New address", rotate, { look: "quiet", title: `New address for ${hook.name}: the current one ends` }),
    button("Delete", remove, { look: "quiet", title: `Delete ${hook.name}` }),
  );
}

/** @param {Context} ctx @param {string} path @param {() => Promise<void>} changed */
function make(ctx, path, changed) {
  openForm({
    title: "Add an incoming hook",
    submit: "Add it",
    fields: [
      field("name", "Name", { attributes: { maxlength: 120, required: true } }),
      field("event_type", "Type of its events", {
        hint: "Such as ci.build; what the sender calls a message comes after it.",
        attributes: { maxlength: 60, required: true },
      }),
      field("check", "How messages are signed", { type: "select", choices: CHECKS, value: "none" }),
      field("secret", "The sender’s secret", { hint: "Only if the sender has one; otherwise one is made." }),
    ],
    async save(values) {
      const body = { ...values, secret: values["secret"] || null };
      const { data } = await ctx.api.post(path, { body });
      show(data);
      await changed();
    },
  });
}

/** @param {any} hook */
function show(hook) {
  /** @type {[string, string][]} */
  const values = [["Address", hook.url]];
  if (hook.secret) values.push(["Secret", hook.secret]);
  showOnce({
    title: "The hook’s address",
    intro: "Anybody who has it can publish events. It is shown now and never again.",
    values,
  });
}
