// @ts-check
/** Small pictures, which a job of the server makes of large ones; and all pictures of a workspace as a grid. */
import { h } from "../../core/dom.js";
import { Problem } from "../../core/problem.js";
import { icon } from "../../ui/icons.js";
import { filesOf, isImage } from "./nodes.js";

/** @typedef {import("../../core/context.js").Context} Context */

/** Bytes of a picture that is shown as it is; larger ones are made small first. */
const SMALL_ENOUGH = 256 * 1024;
const SIDE = 256;
const MOST = 60;
const ENDED = new Set(["succeeded", "failed", "dead", "cancelled"]);

/**
 * Have a small picture made, and fetch it.
 * @param {Context} ctx
 * @param {number} fileId
 * @param {number} side pixels
 * @param {import("../../core/store.js").Bag} bag
 */
export async function smallPicture(ctx, fileId, side, bag) {
  const { data: job } = await ctx.api.post(`files/${fileId}/thumbnail`, {
    body: { width: side, height: side },
    idempotent: true,
    signal: ctx.signal,
  });
  await ended(ctx, job.id, bag);
  const blob = await ctx.api.blob(`jobs/${job.id}/output`, { signal: ctx.signal });
  const address = URL.createObjectURL(blob);
  bag.add(() => URL.revokeObjectURL(address));
  return { address, size: blob.size };
}

/** Wait until a job has ended well. @param {Context} ctx @param {number} id @param {import("../../core/store.js").Bag} bag @returns {Promise<void>} */
function ended(ctx, id, bag) {
  return new Promise((done, failed) => {
    const following = ctx.live.subscribe(
      `job:${id}`,
      ({ type }) => {
        if (!ENDED.has(type.slice(4))) return;
        following.close();
        if (type === "job.succeeded") done();
        else failed(new Problem(-1, { detail: "The picture could not be made small." }));
      },
      { after: 0, onLost: () => failed(new Problem(404, null)) },
    );
    following.ready.catch(failed);
    bag.add(following.close);
  });
}

/**
 * All pictures of a workspace, each loaded once it is seen.
 * @param {Context} ctx
 * @param {import("./nodes.js").Node[]} nodes
 * @param {boolean} mayWrite
 * @param {import("../../core/store.js").Bag} bag
 */
export function gallery(ctx, nodes, mayWrite, bag) {
  const images = filesOf(nodes).filter(isImage).slice(0, MOST);
  if (images.length === 0) return null;
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      const file = images.find((one) => String(one.id) === /** @type {HTMLElement} */ (target).dataset["file"]);
      if (file)
        void fill(ctx, file, /** @type {HTMLImageElement} */ (target), mayWrite, bag).catch(() =>
          target.replaceWith(icon("image", 24)),
        );
    }
  });
  bag.add(() => seen.disconnect());
  const cards = images.map((file) => {
    const image = h("img", { alt: "", data: { file: file.id } });
    seen.observe(image);
    const link = h(
      "a",
      { class: "gallery-card", href: `/projects/${ctx.params["project"]}/files/${file.id}` },
      h("span", { class: "gallery-frame" }, image),
      h("span", { class: "gallery-name", dir: "auto" }, file.name),
    );
    return h("li", {}, link);
  });
  return h("section", { class: "gallery" }, h("h2", {}, "Pictures"), h("ul", {}, cards));
}

/** @param {Context} ctx @param {import("./nodes.js").Node} file @param {HTMLImageElement} image @param {boolean} mayWrite @param {import("../../core/store.js").Bag} bag */
async function fill(ctx, file, image, mayWrite, bag) {
  if ((file.size ?? 0) > SMALL_ENOUGH && mayWrite) {
    image.src = (await smallPicture(ctx, file.id ?? 0, SIDE, bag)).address;
    return;
  }
  const address = URL.createObjectURL(await ctx.api.blob(`files/${file.id}/content`, { signal: ctx.signal }));
  bag.add(() => URL.revokeObjectURL(address));
  image.src = address;
}
