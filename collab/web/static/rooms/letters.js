// @ts-check
/** Events that were rejected: what was sent and why it did not pass, mended and sent again. */
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { plural } from "../core/text.js";
import { timeOf } from "../core/time.js";
import { button } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { openDialog } from "../ui/dialog.js";
import { empty } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { pagedList } from "../ui/paged.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */

const LOOKS = /** @type {Record<string, string>} */ ({ open: "wrong", replayed: "good", discarded: "neutral" });

/** @param {Context} ctx @param {number} project */
export function lettersPart(ctx, project) {
  const mayWrite = ctx.project?.role !== "viewer";
  const paged = pagedList(ctx, "ingest/dead-letters", {
    query: () => ({ project_id: project, limit: 10 }),
    row(one) {
      all.hidden = false;
      return row(one, () => void open(ctx, one.id, mayWrite, paged.load));
    },
    nothing() {
      all.hidden = true;
      return empty({ icon: "check", title: "Nothing was rejected" });
    },
  });
  const all = button("Send all again", () => sendAll(ctx, project, paged.load), { icon: "retry" });
  return { element: paged.element, load: paged.load, actions: mayWrite ? all : null };
}

/** @param {any} one @param {() => void} look */
function row(one, look) {
  return h(
    "div",
    { class: "row row-wrap" },
    h(
      "span",
      { class: "row-main" },
      h("span", { class: "row-title", dir: "auto" }, one.reason),
      h("span", { class: "row-sub", dir: "auto" }, `${one.stage}, ${one.type ?? "no type"}`),
    ),
    chip(one.state, LOOKS[one.state]),
    timeOf(one.rejected_at),
    button("Look", look, { look: "quiet", title: `Look at letter ${one.id}` }),
  );
}

/** @param {Context} ctx @param {any} choice @param {string} verb */
async function deal(ctx, choice, verb) {
  return (await ctx.api.post(`ingest/dead-letters/${verb}`, { body: choice })).data;
}

/** @param {Context} ctx @param {number} key @param {boolean} mayWrite @param {() => Promise<void>} changed */
async function open(ctx, key, mayWrite, changed) {
  const path = `ingest/dead-letters/${key}`;
  const { data: letter } = await ctx.api.get(path, { signal: ctx.signal });
  const text = letter.correction ? JSON.stringify(letter.correction, null, 2) : letter.payload;
  const isText = letter.payload_encoding === "utf-8";
  const mended = field("correction", "What to send instead", {
    type: "textarea",
    value: isText ? text : "",
    attributes: { rows: 8, class: "input mono", spellcheck: "false" },
  });
  const told = h("div", { "aria-live": "polite" });
  const choice = { project_id: letter.project_id, ids: [key] };
  const save = async () => {
    if (mended.value() === letter.payload && !letter.correction) return true;
    try {
      await ctx.api.patch(path, { body: { correction: JSON.parse(mended.value()) } });
    } catch (error) {
      mended.tell(error instanceof SyntaxError ? "This is not JSON." : asProblem(error).message);
      return false;
    }
    mended.tell("");
    return true;
  };
  const rehearse = async () => {
    if (!(await save())) return;
    const { items } = await deal(ctx, { ...choice, dry_run: true }, "replay");
    replace(
      told,
      h(
        "p",
        {},
        chip(items[0].outcome, items[0].outcome === "rejected" ? "wrong" : "good"),
        " ",
        items[0].reason ?? "",
      ),
    );
  };
  const end = async (/** @type {string} */ verb, /** @type {string} */ words) => {
    if (verb === "replay" && !(await save())) return;
    await deal(ctx, choice, verb);
    dialog.close();
    toast.done(words);
    await changed();
  };
  const may = mayWrite && letter.state === "open";
  const actions = [
    button("Try", rehearse, { title: "What would happen; nothing changes but the correction" }),
    button("Discard", () => end("discard", "The letter is discarded.")),
    button("Send again", () => end("replay", "The letter is on its way again."), { look: "primary", icon: "retry" }),
  ];
  const dialog = openDialog({
    title: `Dead letter ${key}`,
    wide: true,
    body: [
      h("p", { dir: "auto" }, letter.reason),
      h("h3", {}, isText ? "What was sent" : "What was sent, in base64"),
      h("pre", { class: "log", tabindex: 0 }, letter.payload),
      may ? mended.element : null,
      told,
    ],
    actions: may ? actions : [],
  });
}

/** Say what would happen to all open letters, and let them be sent. @param {Context} ctx @param {number} project @param {() => Promise<void>} changed */
async function sendAll(ctx, project, changed) {
  const choice = { project_id: project, filter: {} };
  const { counts, more } = await deal(ctx, { ...choice, dry_run: true }, "replay");
  const words = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  const send = async () => {
    const done = await deal(ctx, choice, "replay");
    dialog.close();
    toast.done(`${plural(done.counts.queued ?? 0, "letter")} sent again.`);
    await changed();
  };
  const dialog = openDialog({
    title: "Send all open letters again",
    body: [
      h("p", {}, words.length ? `Now: ${words.join(", ")}.` : "No letter is open."),
      more ? h("p", {}, "There are more: these are the oldest 1,000.") : null,
    ],
    actions: words.length ? [button("Send again", send, { look: "primary" })] : [],
  });
}
