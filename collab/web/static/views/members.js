// @ts-check
/** Who works on the project, as what, and who is invited. */
import { h, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { plural } from "../core/text.js";
import { avatar } from "../ui/avatar.js";
import { button, iconButton } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { openForm } from "../ui/dialog.js";
import { empty, problemBox } from "../ui/empty.js";
import { field, select } from "../ui/field.js";
import { pageHead } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ status: string, user_id: number | null, invitation_id: number | null, email: string, name: string | null, role: string }} Member */

/** @type {[string, string][]} */
const ROLES = [
  ["owner", "Owner"],
  ["collaborator", "Collaborator"],
  ["viewer", "Viewer"],
];

/** What each role may do, for people. @type {Record<string, string>} */
const MEANINGS = {
  owner: "Does everything, members and settings too",
  collaborator: "Makes, changes and deletes what is in the project",
  viewer: "Reads and follows along",
};

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const bag = new Bag();
  const list = h("div", {}, skeleton(3));
  const store = /** @type {NonNullable<Context["projectStore"]>} */ (ctx.projectStore);
  const actions = h("div", { class: "page-actions" });
  root.append(h("div", { class: "page" }, pageHead("Members", { actions }), list));
  /** @type {() => Promise<void>} */
  const load = oneAtATime(async () => {
    const project = store.get();
    const manages = project.role === "owner" || ctx.user.role === "admin";
    replace(
      actions,
      manages ? button("Invite", () => invite(ctx, project.id, load), { look: "primary", icon: "plus" }) : null,
    );
    try {
      const members = await ctx.api.all(`projects/${project.id}/members`, { signal: ctx.signal });
      const invited = manages ? await ctx.api.all(`projects/${project.id}/invitations`, { signal: ctx.signal }) : [];
      draw(list, ctx, members, invited, manages, load);
    } catch (error) {
      if (!ctx.signal.aborted) replace(list, problemBox(asProblem(error), load));
    }
  });
  const heard = (/** @type {{ type: string }} */ event) => /^(member|invitation)\./.test(event.type) && void load();
  const following = ctx.live.subscribe(`project:${store.get().id}`, heard, { onGap: () => void load() });
  bag.add(following.close);
  void loadFollowed(following, load);
  let project = store.get();
  bag.add(store.subscribe((now) => now !== project && ((project = now), void load())));
  return bag.dispose;
}

/**
 * @param {HTMLElement} list
 * @param {Context} ctx
 * @param {Member[]} members
 * @param {any[]} invited
 * @param {boolean} manages
 * @param {() => Promise<void>} load
 */
function draw(list, ctx, members, invited, manages, load) {
  const rows = members.map((one) => memberRow(ctx, one, manages, load));
  const waiting = invited.map((one) => invitedRow(ctx, one, load));
  replace(
    list,
    h("p", { class: "quiet" }, plural(members.length, "member")),
    h("div", { class: "rows" }, rows),
    waiting.length ? [h("h2", { class: "list-title" }, "Invited"), h("div", { class: "rows" }, waiting)] : null,
    members.length === 1 && !waiting.length && manages
      ? empty({
          icon: "members",
          title: "You are alone here",
          text: "Invite somebody by their e-mail address. Anybody without an account finds the invitation when they make one.",
        })
      : null,
  );
}

/** @param {Context} ctx @param {Member} one @param {boolean} manages @param {() => Promise<void>} load */
function memberRow(ctx, one, manages, load) {
  const id = one.user_id ?? 0;
  const me = id === ctx.user.id;
  const name = one.name ?? one.email;
  const role = manages ? select(ROLES, one.role, { "aria-label": `Role of ${name}` }) : chip(one.role);
  if (manages)
    role.addEventListener("change", () => void changeRole(ctx, one, /** @type {HTMLSelectElement} */ (role), load));
  const row = h(
    "div",
    { class: "row row-wrap" },
    avatar({ id, name }, { decorative: true }),
    h(
      "div",
      { class: "row-main" },
      h("div", { class: "row-title", dir: "auto" }, name, me ? " (you)" : ""),
      h("div", { class: "row-sub" }, `${one.email} · ${MEANINGS[one.role] ?? ""}`),
    ),
  );
  const end = h("span", { class: "row-end" }, role);
  if (me) end.append(iconButton("out", "Leave the project", () => leave(ctx, row)));
  else if (manages) end.append(iconButton("close", `Remove ${name}`, () => remove(ctx, one, load)));
  row.append(end);
  return row;
}

/** Nobody can come back by themselves: so leaving waits until it can't be undone. @param {Context} ctx @param {HTMLElement} row */
function leave(ctx, row) {
  row.hidden = true;
  toast.undoable({
    text: "You leave the project.",
    revert: () => (row.hidden = false),
    commit: (options) => ctx.api.delete(`projects/${ctx.params["project"]}/members/${ctx.user.id}`, options),
  });
}

/** Rights are taken at once; undoing gives them back. @param {Context} ctx @param {Member} one @param {() => Promise<void>} load */
async function remove(ctx, one, load) {
  const path = `projects/${ctx.params["project"]}/members`;
  await ctx.api.delete(`${path}/${one.user_id}`);
  const undo = () => ctx.api.post(path, { body: { email: one.email, role: one.role } }).then(load);
  toast.show({ text: `${one.name ?? one.email} is removed.`, action: { label: "Undo", run: undo } });
  await load();
}

/** @param {Context} ctx @param {Member} one @param {HTMLSelectElement} role @param {() => Promise<void>} load */
async function changeRole(ctx, one, role, load) {
  const path = `projects/${ctx.params["project"]}/members/${one.user_id}`;
  try {
    await ctx.api.patch(path, { body: { role: role.value } });
    const undo = async () => {
      await ctx.api.patch(path, { body: { role: one.role } });
      await load();
    };
    toast.show({
      text: `${one.name ?? one.email} is ${role.value} now.`,
      action: { label: "Undo", run: undo },
    });
  } catch (error) {
    role.value = one.role;
    toast.problem(asProblem(error));
  }
}

/** @param {Context} ctx @param {any} one @param {() => Promise<void>} load */
function invitedRow(ctx, one, load) {
  const take = async () => {
    await ctx.api.delete(`projects/${ctx.params["project"]}/invitations/${one.id}`);
    toast.done(`The invitation of ${one.email} is withdrawn.`);
    await load();
  };
  return h(
    "div",
    { class: "row" },
    h(
      "div",
      { class: "row-main" },
      h("div", { class: "row-title" }, one.email),
      h("div", { class: "row-sub" }, `Invited as ${one.role}; waits for them to accept`),
    ),
    button("Take back", take, { look: "quiet" }),
  );
}

/** @param {Context} ctx @param {number} project @param {() => Promise<void>} load */
function invite(ctx, project, load) {
  openForm({
    title: "Invite somebody",
    submit: "Invite",
    fields: [
      field("email", "E-mail", { type: "email", attributes: { required: true, autocomplete: "off" } }),
      field("role", "As", {
        type: "select",
        value: "collaborator",
        choices: ROLES,
        hint: "Collaborators change what is in the project, viewers read along, owners do everything.",
      }),
    ],
    async save(values) {
      const { data } = await ctx.api.post(`projects/${project}/members`, { body: values, idempotent: true });
      toast.done(data.status === "member" ? `${data.name} is a member now.` : `${data.email} is invited.`);
      await load();
    },
  });
}

export default { title: "Members", mount };
