// @ts-check
/** Posts: the list of what is published and of my drafts, one post to read, and writing it. */
import { h, loadStyles, replace } from "../core/dom.js";
import { loadFollowed, oneAtATime } from "../core/newest.js";
import { asProblem } from "../core/problem.js";
import { Bag } from "../core/store.js";
import { timeOf } from "../core/time.js";
import { button, linkButton, segmented } from "../ui/button.js";
import { chip } from "../ui/chips.js";
import { openForm } from "../ui/dialog.js";
import { empty, problemBox } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { markdown, plainOf } from "../ui/markdown.js";
import { menuAt } from "../ui/menu.js";
import { pageHead } from "../ui/page.js";
import { pagedList } from "../ui/paged.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */
/** @typedef {{ id: number, owner_id: number, title: string, body: string, status: string, excerpt: string, published_at: string | null, created_at: string, updated_at: string }} Post */

/** @type {[string, string][]} */
const SHOWN = [
  ["all", "All"],
  ["mine", "Mine"],
  ["draft", "Drafts"],
];

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("rooms");
  return ctx.params["post"] ? reading(root, ctx, ctx.params["post"]) : listing(root, ctx);
}

/** @param {HTMLElement} root @param {Context} ctx */
async function listing(root, ctx) {
  const bag = new Bag();
  let shown = ctx.query.get("show") ?? "all";
  const { element, load } = pagedList(ctx, "posts", {
    query: () => ({
      owner: shown === "all" ? "" : String(ctx.user.id),
      status: shown === "draft" ? "draft" : "",
      limit: 20,
    }),
    row: postCard,
    nothing: () => nothing(ctx),
    list: h("ul", { class: "posts" }),
    more: "Earlier",
  });
  const choose = (/** @type {string} */ value) => {
    shown = value;
    ctx.router.setQuery({ show: value === "all" ? "" : value });
    void load();
  };
  const actions = [
    segmented("Show", SHOWN, shown, choose),
    linkButton("Collections", "/collections", { icon: "collection" }),
    button("Write", () => write(ctx, null), { look: "primary", icon: "edit" }),
  ];
  root.append(h("div", { class: "page" }, pageHead("Posts", { actions }), element));
  const heard = (/** @type {{ type: string }} */ event) => event.type.startsWith("post.") && void load();
  const following = ctx.live.subscribe("posts", heard, { onGap: load });
  bag.add(following.close);
  await loadFollowed(following, load);
  return bag.dispose;
}

/** @param {Context} ctx */
function nothing(ctx) {
  const text = "Everybody can read a post, signed in or not; only you can read a draft.";
  const actions = [button("Write the first", () => write(ctx, null), { look: "primary", icon: "edit" })];
  return empty({ icon: "posts", title: "Nothing here yet", text, actions });
}

/** @param {Post} one */
function postCard(one) {
  return h(
    "li",
    { class: "post-card" },
    h("h2", {}, h("a", { href: `/posts/${one.id}`, dir: "auto" }, one.title)),
    h("p", { class: "quiet", dir: "auto" }, plainOf(one.excerpt)),
    h(
      "p",
      { class: "post-foot" },
      one.status === "draft" ? chip("draft", "busy") : null,
      timeOf(one.published_at ?? one.updated_at),
    ),
  );
}

/** @param {HTMLElement} root @param {Context} ctx @param {number} id */
async function reading(root, ctx, id) {
  const bag = new Bag();
  const place = h("div", { class: "page" }, skeleton(6));
  root.append(place);
  /** @type {() => Promise<void>} */
  const load = oneAtATime(async () => {
    try {
      const { data, etag } = await ctx.api.get(`posts/${id}`, { signal: ctx.signal });
      draw(place, ctx, data, etag, load);
      ctx.setTitle(data.title);
    } catch (error) {
      if (!ctx.signal.aborted) replace(place, problemBox(asProblem(error), load));
    }
  });
  const heard = (/** @type {any} */ event) => event.data?.post_id === id && void load();
  const following = ctx.live.subscribe("posts", heard, { onGap: load });
  bag.add(following.close);
  await loadFollowed(following, load);
  return bag.dispose;
}

/** @param {HTMLElement} place @param {Context} ctx @param {Post} post @param {string | null} etag @param {() => Promise<void>} load */
function draw(place, ctx, post, etag, load) {
  const mine = post.owner_id === ctx.user.id;
  const sub = [
    post.status === "draft" ? chip("draft", "busy") : null,
    " ",
    timeOf(post.published_at ?? post.updated_at),
  ];
  const collect = menuButton("Collect", () => collections(ctx, post));
  const published = post.status === "published";
  const actions = mine
    ? [
        collect,
        button("Edit", () => write(ctx, post, etag, load), { icon: "edit" }),
        button(
          published ? "Make it a draft" : "Publish",
          () => setStatus(ctx, post, published ? "draft" : "published", load),
          { look: published ? "plain" : "primary" },
        ),
        button("Delete", () => remove(ctx, post), { look: "danger", icon: "trash" }),
      ]
    : [collect];
  replace(place, pageHead(post.title, { sub, actions }), markdown(post.body, { class: "post-body" }));
}

/** @param {string} label @param {() => Promise<import("../ui/menu.js").Item[]>} items */
function menuButton(label, items) {
  /** @type {import("../ui/menu.js").Item[]} */
  let found = [];
  const made = button(label, () => {}, { icon: "collection" });
  const fetch = () =>
    void items().then(
      (all) => (found = all),
      () => {},
    );
  made.addEventListener("pointerenter", fetch);
  made.addEventListener("focus", fetch);
  return menuAt(made, () => (found.length ? found : [{ label: "Make a collection first", href: "/collections" }]));
}

/** @param {Context} ctx @param {Post} post @returns {Promise<import("../ui/menu.js").Item[]>} */
async function collections(ctx, post) {
  const all = await ctx.api.all("collections", { signal: ctx.signal, most: 50 });
  return all.map((one) => ({
    label: one.name,
    icon: "collection",
    run: async () => {
      await ctx.api.put(`collections/${one.id}/posts/${post.id}`, { body: {} });
      toast.done(`It is in “${one.name}” now.`);
    },
  }));
}

/** @param {Context} ctx @param {Post} post @param {string} status @param {() => Promise<void>} load */
async function setStatus(ctx, post, status, load) {
  await ctx.api.patch(`posts/${post.id}`, { body: { status } });
  toast.done(status === "published" ? "Everybody can read it now." : "Only you can read it now.");
  await load();
}

/** @param {Context} ctx @param {Post} post */
function remove(ctx, post) {
  ctx.router.go("/posts");
  toast.undoable({
    text: `“${post.title}” is deleted.`,
    revert: () => ctx.router.go(`/posts/${post.id}`),
    commit: async (options) => void (await ctx.api.delete(`posts/${post.id}`, options)),
  });
}

/** Write a post, or change one. @param {Context} ctx @param {Post | null} post @param {string | null} [etag] @param {() => Promise<void>} [done] */
function write(ctx, post, etag = null, done) {
  /** @type {[string, string][]} */
  const status = [
    ["published", "Published: everybody reads it"],
    ["draft", "Draft: you alone"],
  ];
  openForm({
    title: post ? "Edit the post" : "New post",
    submit: post ? "Save" : "Post",
    fields: [
      field("title", "Title", { value: post?.title ?? "", attributes: { maxlength: 200, dir: "auto" } }),
      field("body", "Text", {
        type: "textarea",
        value: post?.body ?? "",
        hint: "Markdown; @ mentions somebody",
        attributes: { rows: 12, dir: "auto" },
      }),
      field("status", "Who reads it", { type: "select", value: post?.status ?? "published", choices: status }),
    ],
    async save(values) {
      if (post) {
        await ctx.api.patch(`posts/${post.id}`, { body: values, etag });
        return done?.();
      }
      const { data } = await ctx.api.post("posts", { body: values, idempotent: true });
      return ctx.router.go(`/posts/${data.id}`);
    },
  });
}

export default { title: "Posts", mount };
