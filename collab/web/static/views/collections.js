// @ts-check
/** Collections: my own lists of posts, each in an order of mine. */
import { h, loadStyles, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { plural } from "../core/text.js";
import { button, iconButton } from "../ui/button.js";
import { openForm } from "../ui/dialog.js";
import { empty, problemBox } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { pageHead } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ id: number, name: string, description: string, posts: number }} Collection */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("rooms");
  const bag = new Bag();
  const id = ctx.params["collection"];
  const place = h("div", { class: "page" }, skeleton(4));
  root.append(place);
  /** @type {() => Promise<void>} */
  const load = oneAtATime(async () => {
    try {
      await (id ? drawOne(place, ctx, id, load) : drawAll(place, ctx));
    } catch (error) {
      if (!ctx.signal.aborted) replace(place, problemBox(asProblem(error), load));
    }
  });
  const heard = (/** @type {{ type: string }} */ event) => event.type.startsWith("collection.") && void load();
  const following = ctx.live.subscribe(`user:${ctx.user.id}`, heard, { onGap: load });
  bag.add(following.close);
  await loadFollowed(following, load);
  return bag.dispose;
}

/** @param {HTMLElement} place @param {Context} ctx */
async function drawAll(place, ctx) {
  const found = /** @type {Collection[]} */ (await ctx.api.all("collections", { signal: ctx.signal }));
  const add = button("New collection", () => edit(ctx, null), { look: "primary", icon: "plus" });
  const text = "Gather posts in an order of your own; a post may be in as many as you like.";
  const rows = found.map((one) =>
    h(
      "a",
      { class: "row", href: `/collections/${one.id}` },
      h(
        "span",
        { class: "row-main" },
        h("span", { class: "row-title", dir: "auto" }, one.name),
        h("span", { class: "row-sub", dir: "auto" }, one.description),
      ),
      h("span", { class: "quiet" }, plural(one.posts, "post")),
    ),
  );
  replace(
    place,
    pageHead("Collections", { actions: add }),
    rows.length ? h("div", { class: "rows" }, rows) : empty({ icon: "collection", title: "No collection yet", text }),
  );
}

/** @param {HTMLElement} place @param {Context} ctx @param {number} id @param {() => Promise<void>} load */
async function drawOne(place, ctx, id, load) {
  const { data: one, etag } = await ctx.api.get(`collections/${id}`, { signal: ctx.signal });
  const posts = await ctx.api.all(`collections/${id}/posts`, { signal: ctx.signal, most: 500 });
  ctx.setTitle(one.name);
  const actions = [
    button("Edit", () => edit(ctx, one, etag, load), { icon: "edit" }),
    button("Delete", () => remove(ctx, one), { look: "danger", icon: "trash" }),
  ];
  const text = "Open a post and choose “Collect”.";
  const rows = posts.map((post, index) => postRow(ctx, id, posts, post, index, load));
  replace(
    place,
    pageHead(one.name, { sub: one.description || plural(one.posts, "post"), actions }),
    rows.length ? h("ol", { class: "rows" }, rows) : empty({ icon: "posts", title: "It is empty", text }),
  );
}

/** @param {Context} ctx @param {number} id @param {any[]} posts @param {any} post @param {number} index @param {() => Promise<void>} load */
function postRow(ctx, id, posts, post, index, load) {
  const path = `collections/${id}/posts/${post.id}`;
  const move = (/** @type {Record<string, number>} */ where) => async () => {
    await ctx.api.put(path, { body: where });
    await load();
  };
  const before = posts[index - 1];
  const after = posts[index + 1];
  const out = async () => {
    await ctx.api.delete(path);
    await load();
    const back = () => ctx.api.put(path, { body: after ? { before: after.id } : {} }).then(load);
    toast.show({
      text: `“${post.title}” is taken out.`,
      action: { label: "Undo", run: () => void back().catch((error) => toast.problem(asProblem(error))) },
    });
  };
  return h(
    "li",
    { class: "row" },
    h("a", { class: "row-main row-title", href: `/posts/${post.id}`, dir: "auto" }, post.title),
    iconButton("up", `Move ${post.title} up`, before ? move({ before: before.id }) : () => {}, { disabled: !before }),
    iconButton("down", `Move ${post.title} down`, after ? move({ after: after.id }) : () => {}, { disabled: !after }),
    iconButton("close", `Take ${post.title} out`, out),
  );
}

/** @param {Context} ctx @param {Collection} one */
function remove(ctx, one) {
  ctx.router.go("/collections");
  toast.undoable({
    text: `“${one.name}” is deleted. Its posts stay.`,
    revert: () => ctx.router.go(`/collections/${one.id}`),
    commit: async (options) => void (await ctx.api.delete(`collections/${one.id}`, options)),
  });
}

/** @param {Context} ctx @param {Collection | null} one @param {string | null} [etag] @param {() => Promise<void>} [done] */
function edit(ctx, one, etag = null, done) {
  openForm({
    title: one ? "Edit the collection" : "New collection",
    submit: one ? "Save" : "Make it",
    fields: [
      field("name", "Name", { value: one?.name ?? "", attributes: { maxlength: 100, dir: "auto" } }),
      field("description", "What it is for", {
        type: "textarea",
        value: one?.description ?? "",
        attributes: { dir: "auto" },
      }),
    ],
    async save(values) {
      if (one) {
        await ctx.api.patch(`collections/${one.id}`, { body: values, etag });
        return done?.();
      }
      const { data } = await ctx.api.post("collections", { body: values, idempotent: true });
      return ctx.router.go(`/collections/${data.id}`);
    },
  });
}

export default { title: "Collections", mount };
