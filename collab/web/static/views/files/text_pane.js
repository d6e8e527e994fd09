// @ts-check
/** A text that is open: the editor, who else is in it, how it stands with the server, and what can be done. */
import { h, replace } from "../../core/dom.js";
import { Bag } from "../../core/store.js";
import { Find } from "../../editor/find.js";
import { languageOf } from "../../editor/highlight.js";
import { Surface } from "../../editor/surface.js";
import { TextClient } from "../../editor/text_client.js";
import { avatars } from "../../ui/avatar.js";
import { shortcuts } from "../../ui/shortcuts.js";
import { button, iconButton } from "../../ui/button.js";
import { paneHead } from "./pane_head.js";
import { isProgram } from "./nodes.js";
import { Run } from "./run.js";

/** @typedef {import("../../core/context.js").Context} Context */
/** @typedef {import("../../editor/text_client.js").Status} Status */

/** Milliseconds to wait until what was typed is with the server, before it is run. */
const SETTLE_PATIENCE = 10_000;
/** Milliseconds that a text may take to open before what is saved of it is shown, to be read. */
const OPEN_PATIENCE = 1000;
const HINT = "Tab indents. To leave the editor, press Escape, then Tab.";

/**
 * @param {Context} ctx
 * @param {{ id: number, path: string }} file
 * @param {{ mayWrite: () => boolean, menu: (opener: HTMLElement) => void }} room
 */
export function textPane(ctx, file, room) {
  const bag = new Bag();
  const element = h("div", { class: "pane" });
  const hint = h("p", { class: "unseen", id: `editor-hint-${file.id}` }, HINT);
  /** @type {Surface} */
  const surface = new Surface(
    file.path,
    {
      onEdit: (delta) => [client.edit(delta), find.search()],
      onCursor: (position, anchor) => client.moveCursor(position, anchor),
      onHold: (on) => client.hold(on),
      onFind: () => find.open(),
    },
    hint.id,
  );
  const find = new Find(surface);
  const drawCursors = () => [
    surface.setCursors(client.cursors.all),
    replace(people, client.cursors.people.length ? avatars(client.cursors.people, 4) : null),
  ];
  const people = h("span", { class: "pane-people" });
  const client = new TextClient(file.id, ctx.user, ctx.live, {
    onText: (text) => [surface.setText(text), element.removeAttribute("aria-busy")],
    onDelta: (delta) => [surface.apply(delta), find.search(), drawCursors()],
    onCursors: drawCursors,
  });
  const run = isProgram(file.path) ? new Run(ctx, () => settled(client)) : null;
  const state = h("span", { class: "pane-state" });
  const notice = h("div", { class: "notice", hidden: true });
  const runButton = run ? button("Run", () => run.start(), { look: "primary", icon: "play" }) : null;
  const wrap = iconButton("wrap", "Wrap long lines", () => setWrap(wrap.getAttribute("aria-pressed") !== "true"), {
    "aria-pressed": "false",
  });
  const setWrap = (/** @type {boolean} */ on) => [wrap.setAttribute("aria-pressed", String(on)), surface.setWrap(on)];
  const head = paneHead(ctx, file, {
    beside: [state, people],
    actions: [iconButton("search", "Find (Ctrl-F)", () => find.open()), wrap, runButton],
    menu: room.menu,
    history: true,
  });
  const editor = h("div", { class: "editor" }, find.element, surface.element);
  element.append(head.element, notice, hint, editor, run?.element ?? "");
  const prose = languageOf(file.path)?.name === "Markdown" || /\.txt$/i.test(file.path);

  const allow = () => {
    const may = room.mayWrite();
    client.allow(may);
    if (runButton) runButton.hidden = !may;
    surface.setReadOnly(!may || ["opening", "reading", "gone"].includes(client.status.get().kind));
  };
  const tell = () => [
    tellState(state, client.status.get(), ctx.live.state.get(), room.mayWrite()),
    tellNotice(notice, client, surface),
    allow(),
  ];
  element.setAttribute("aria-busy", "true");
  bag.add(client.status.subscribe(tell), ctx.live.state.subscribe(tell), () => [
    client.close(),
    surface.dispose(),
    run?.dispose(),
  ]);
  if (ctx.projectStore) bag.add(ctx.projectStore.subscribe(allow));
  const start = () => room.mayWrite() && run?.start();
  if (run) bag.add(shortcuts({ keys: "mod+Enter", label: "Run this program", group: "Files", run: start }));
  setWrap(prose);
  void client.start();
  const waiting = setTimeout(() => {
    void savedText(ctx, file.id).then(
      (text) => element.ariaBusy && surface.setText(text),
      () => {},
    );
  }, OPEN_PATIENCE);
  bag.add(() => clearTimeout(waiting));
  return {
    element,
    dispose: bag.dispose,
    moved: head.moved,
    focus: () => surface.input.focus({ preventScroll: true }),
  };
}

/** Read a text as it is saved, which needs no socket. @param {Context} ctx @param {number} id @returns {Promise<string>} */
async function savedText(ctx, id) {
  return (await ctx.api.get(`files/${id}/content`, { signal: ctx.signal })).data ?? "";
}

/** Wait until the server has all of a text. @param {TextClient} client @returns {Promise<void>} */
function settled(client) {
  return new Promise((done, failed) => {
    const timer = setTimeout(
      () => failed(client.status.get().problem ?? new Error("The text is not saved yet.")),
      SETTLE_PATIENCE,
    );
    const end = client.status.subscribe((now) => {
      if (now.kind !== "live" || now.unsent) return;
      clearTimeout(timer);
      queueMicrotask(() => end());
      done();
    });
  });
}

/**
 * Say how the text stands with the server.
 * @param {HTMLElement} place
 * @param {Status} status
 * @param {import("../../core/socket.js").State} state
 * @param {boolean} mayWrite
 */
function tellState(place, status, state, mayWrite) {
  const [look, words] = stateOf(status, state, mayWrite);
  place.className = `pane-state pane-state-${look}`;
  if (place.textContent !== words) place.textContent = words;
}

/** @param {Status} status @param {string} state @param {boolean} mayWrite @returns {[string, string]} */
function stateOf({ kind, unsent, kept }, state, mayWrite) {
  if (kind === "gone") return ["wrong", "Gone"];
  if (kind === "opening") return ["busy", state === "online" ? "Opening" : "Offline"];
  if (kind === "refused") return ["wrong", "Not saved"];
  if (state !== "online") return ["busy", unsent ? (kept ? "Offline: kept here" : "Offline: keeping") : "Offline"];
  if (!mayWrite || kind === "reading") return ["quiet", "Read only"];
  return unsent ? ["busy", "Saving"] : ["good", "Saved"];
}

/**
 * Say what is wrong, with a way on.
 * @param {HTMLElement} place
 * @param {TextClient} client
 * @param {Surface} surface
 */
function tellNotice(place, client, surface) {
  const { kind, problem, unsent } = client.status.get();
  place.hidden = !problem || kind === "live";
  replace(place);
  if (!problem || place.hidden) return;
  place.setAttribute("role", "alert");
  const kept = unsent ? " What you wrote last is not saved: copy it before you leave." : "";
  const copy = button("Copy the text", () => navigator.clipboard.writeText(surface.field));
  const discard = button("Discard my changes", () => client.discard());
  replace(
    place,
    h("p", {}, `${problem.message} ${kind === "gone" ? "" : problem.wayOn}${kept}`),
    h(
      "span",
      { class: "notice-actions" },
      unsent ? [copy, kind === "gone" ? null : discard] : null,
      kind === "refused" ? button("Try again", () => client.retry()) : null,
    ),
  );
}
