// @ts-check
/** A project's webhooks: where its events are sent, what was answered, and sending it again. */
import { h } from "../core/dom.js";
import { plural } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { openDialog, openForm } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { pagedList } from "../ui/paged.js";
import { toast } from "../ui/toast.js";
import { showOnce } from "./show-once.js";

/** @typedef {import("../core/context.js").Context} Context */

export const STATE_LOOKS = /** @type {Record<string, string>} */ ({
  active: "good",
  paused: "neutral",
  disabled: "wrong",
});
const DELIVERY_LOOKS = /** @type {Record<string, string>} */ ({
  delivered: "good",
  waiting: "neutral",
  failed: "wrong",
  dropped: "wrong",
});
const REASONS = /** @type {Record<string, string>} */ ({
  gone: "it answered that it is gone",
  failing: "nothing was accepted for days",
  no_right: "the person who made it may no longer manage the project",
  secret_lost: "its secret can’t be opened any more",
});

/** @param {Context} ctx @param {number} project */
export function webhooksPart(ctx, project) {
  const paged = pagedList(ctx, `projects/${project}/webhooks`, {
    query: () => ({ limit: 20 }),
    row: (hook) => row(ctx, hook, paged.load),
    nothing: () =>
      empty({
        icon: "link",
        title: "No webhook yet",
        text: "Another system gets this project’s events as they happen, each signed, and in order.",
      }),
  });
  const add = button("Add a webhook", () => edit(ctx, `projects/${project}/webhooks`, null, paged.load), {
    icon: "plus",
  });
  return { element: paged.element, load: paged.load, actions: add };
}

/** @param {Context} ctx @param {any} hook @param {() => Promise<void>} changed */
function row(ctx, hook, changed) {
  const path = `webhooks/${hook.id}`;
  const set = async (/** @type {string} */ state, /** @type {string} */ words) => {
    await ctx.api.patch(path, { body: { state } });
    toast.done(words);
    await changed();
  };
  const go =
    hook.state === "active"
      ? button("Pause", () => set("paused", "Deliveries wait."), { look: "quiet", title: `Pause ${hook.name}` })
      : button("Resume", () => set("active", "Deliveries go on."), { look: "quiet", title: `Resume ${hook.name}` });
  return h(
    "div",
    { class: "row row-wrap" },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title", dir: "auto" }, hook.name),
      h("span", { class: "row-sub", dir: "auto" }, hook.url),
      h("span", { class: "row-sub" }, trouble(hook) || hook.types.join(", ")),
    ),
    chip(hook.state, STATE_LOOKS[hook.state]),
    button("Deliveries", () => deliveries(ctx, hook, changed), {
      look: "quiet",
      title: `Deliveries of ${hook.name}`,
    }),
    go,
    button("Change", () => edit(ctx, path, hook, changed), { look: "quiet", title: `Change ${hook.name}` }),
  );
}

/** @param {any} hook */
export function trouble(hook) {
  if (hook.reason) return `Disabled: ${REASONS[hook.reason] ?? hook.reason}.`;
  if (hook.failing_since) return "The last attempt failed; it is tried again.";
  return "";
}

/** Make a webhook, or change one. @param {Context} ctx @param {string} path @param {any} hook @param {() => Promise<void>} changed */
function edit(ctx, path, hook, changed) {
  const types = hook ? hook.types.join(", ") : "*";
  openForm({
    title: hook ? `Change ${hook.name}` : "Add a webhook",
    submit: hook ? "Save" : "Add it",
    fields: [
      field("name", "Name", { value: hook?.name ?? "", attributes: { maxlength: 120, required: true } }),
      field("url", "Address", {
        type: "url",
        value: hook?.url ?? "",
        hint: "It gets a POST with each event: https and a public address.",
        attributes: { maxlength: 2000, required: true, placeholder: "https://" },
      }),
      field("types", "Types of events", {
        value: types,
        hint: "Separated by commas: task.created, file.*, or * for all.",
      }),
    ],
    async save(values) {
      const wanted = values["types"].split(/[\s,]+/).filter(Boolean);
      const body = { name: values["name"], url: values["url"], types: wanted };
      const { data } = hook ? await ctx.api.patch(path, { body }) : await ctx.api.post(path, { body });
      if (data.secret) showSecret(data.secret);
      await changed();
    },
  });
}

/** @param {string} secret */
function showSecret(secret) {
  showOnce({
    title: "The webhook’s secret",
    intro: "The receiver checks signatures with it. It is shown now and never again.",
    values: [["Secret", secret]],
  });
}

/** What was sent, what was answered, and what is done about it. @param {Context} ctx @param {any} hook @param {() => Promise<void>} changed */
async function deliveries(ctx, hook, changed) {
  const path = `webhooks/${hook.id}`;
  const paged = pagedList(ctx, `${path}/deliveries`, {
    query: () => ({ limit: 20 }),
    row: (one) => deliveryRow(one, () => look(ctx, path, one.id, paged.load)),
    nothing: () => empty({ icon: "link", title: "Nothing was sent yet" }),
  });
  const ping = async () => {
    const { data } = await ctx.api.post(`${path}/ping`);
    toast.done("A test is on its way.");
    await answered(ctx, `${path}/deliveries/${data.id}`);
    await paged.load();
  };
  const sendAgain = async () => {
    const { data } = await ctx.api.post(`${path}/redeliver`);
    toast.done(data.count ? `${plural(data.count, "delivery", "deliveries")} on their way again.` : "None had failed.");
    await paged.load();
  };
  const rotate = async () => {
    const { data } = await ctx.api.post(`${path}/rotate`);
    showSecret(data.secret);
  };
  const remove = () =>
    openForm({
      title: `Delete ${hook.name}`,
      intro: "What is waiting will not be sent, and the record of what was sent is deleted.",
      submit: "Delete it",
      fields: [],
      async save() {
        await ctx.api.delete(path);
        dialog.close();
        toast.done("The webhook is deleted.");
        await changed();
      },
    });
  const dialog = openDialog({
    title: `Deliveries of ${hook.name}`,
    wide: true,
    body: [paged.element],
    actions: [
      button("Delete", remove, { look: "danger", icon: "trash" }),
      button("New secret", rotate, { title: "The current one also signs for a day" }),
      button("Send failed ones again", sendAgain, { icon: "retry" }),
      button("Send a test", ping, { look: "primary", icon: "link" }),
    ],
  });
  await paged.load();
}

/** Wait a moment for a test's answer. @param {Context} ctx @param {string} path */
async function answered(ctx, path) {
  for (let look = 0; look < 10; look += 1) {
    const { data } = await ctx.api.get(path, { signal: ctx.signal });
    if (data.status !== "waiting") return;
    await new Promise((done) => setTimeout(done, 300));
  }
}

/** @param {any} one @param {() => unknown} open */
function deliveryRow(one, open) {
  const answer = one.answer_status === null ? (one.error ?? "") : `answered ${one.answer_status}`;
  return h(
    "div",
    { class: "row row-wrap" },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title", dir: "auto" }, one.type),
      h("span", { class: "row-sub" }, `${plural(one.attempts, "attempt")} ${answer}`.trim()),
    ),
    chip(one.status, DELIVERY_LOOKS[one.status]),
    timeOf(one.created_at),
    button("Look", open, { look: "quiet", title: `Look at delivery ${one.id}` }),
  );
}

/** @param {Context} ctx @param {string} path @param {number} key @param {() => Promise<void>} changed */
async function look(ctx, path, key, changed) {
  const { data } = await ctx.api.get(`${path}/deliveries/${key}`, { signal: ctx.signal });
  const sendAgain = async () => {
    await ctx.api.post(`${path}/deliveries/${key}/redeliver`);
    dialog.close();
    toast.done("It is on its way again.");
    await changed();
  };
  const may = data.status !== "waiting" && data.event_id !== null;
  const dialog = openDialog({
    title: `Delivery ${key}`,
    wide: true,
    body: [
      h("p", { class: "quiet" }, `webhook-id: ${data.message_id}`),
      h("h3", {}, "What is sent"),
      h("pre", { class: "log", tabindex: 0 }, data.body ?? "The event has been deleted."),
      h("h3", {}, "What was answered"),
      data.tries.length ? data.tries.map(attempt) : h("p", { class: "quiet" }, "Nothing yet."),
    ],
    actions: may ? [button("Send again", sendAgain, { look: "primary", icon: "retry" })] : [],
  });
}

/** @param {any} one */
function attempt(one) {
  const outcome = one.answer_status === null ? one.detail || one.error : `${one.answer_status}`;
  return [
    h("p", {}, timeOf(one.started_at), ` ${outcome}, after ${one.milliseconds.toLocaleString()} ms`),
    one.answer ? h("pre", { class: "log", tabindex: 0, dir: "auto" }, one.answer) : null,
  ];
}
