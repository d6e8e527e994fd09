// @ts-check
/** A file that is no text: a picture is shown, with small ones to take along; all else can be fetched and replaced. */
import { h, replace } from "../../core/dom.js";
import { oneAtATime } from "../../core/newest.js";
import { asProblem } from "../../core/problem.js";
import { Bag } from "../../core/store.js";
import { size } from "../../core/text.js";
import { timeOf } from "../../core/time.js";
import { button } from "../../ui/button.js";
import { problemBox } from "../../ui/empty.js";
import { icon } from "../../ui/icons.js";
import { skeleton } from "../../ui/skeleton.js";
import { download } from "./acts.js";
import { paneHead } from "./pane_head.js";
import { chosenFiles } from "./sending.js";
import { smallPicture } from "./thumbnails.js";

/** @typedef {import("../../core/context.js").Context} Context */

/**
 * @param {Context} ctx
 * @param {any} file as the API shows it
 * @param {{ mayWrite: () => boolean, menu: (opener: HTMLElement) => void }} room
 */
export function bytesPane(ctx, file, room) {
  const bag = new Bag();
  const stage = h("div", { class: "stage" }, skeleton(1, "card"));
  const facts = h("p", { class: "stage-facts quiet" });
  const small = h("div", { class: "stage-small" });
  const put = async () => {
    const [chosen] = await chosenFiles({ multiple: false });
    if (!chosen) return;
    const { data } = await ctx.api.upload(`files/${file.id}/content`, chosen, { method: "PUT" });
    show(data);
  };
  const actions = [
    button("Download", () => download(ctx.api, `files/${file.id}/content`, file.name), { icon: "download" }),
  ];
  if (room.mayWrite()) actions.push(button("Replace", put, { icon: "upload" }));
  const head = paneHead(ctx, file, { actions, menu: room.menu });
  const element = h("div", { class: "pane" }, head.element, h("div", { class: "pane-body" }, stage, facts, small));
  const show = (/** @type {any} */ now) => {
    replace(facts, `${now.content_type}, ${size(now.size)}, changed `, timeOf(now.updated_at));
    if (now.content_type.startsWith("image/")) void picture(ctx, now, stage, facts, bag);
    else replace(stage, h("span", { class: "stage-icon" }, icon("files", 40)));
    replace(small, now.content_type.startsWith("image/") && room.mayWrite() ? thumbnailMaker(ctx, now, bag) : null);
  };
  show(file);
  const again = oneAtATime(async () => show((await ctx.api.get(`files/${file.id}`, { signal: ctx.signal })).data));
  return { element, dispose: bag.dispose, moved: head.moved, replaced: again, focus: () => {} };
}

/** @param {Context} ctx @param {any} file @param {HTMLElement} stage @param {HTMLElement} facts @param {Bag} bag */
async function picture(ctx, file, stage, facts, bag) {
  try {
    const address = URL.createObjectURL(await ctx.api.blob(`files/${file.id}/content`, { signal: ctx.signal }));
    bag.add(() => URL.revokeObjectURL(address));
    const image = h("img", { class: "stage-picture", alt: file.name });
    image.addEventListener("load", () => facts.prepend(`${image.naturalWidth} by ${image.naturalHeight} pixels, `), {
      once: true,
    });
    image.addEventListener("error", () => replace(stage, h("p", { class: "quiet" }, "This browser can’t show it.")));
    image.src = address;
    replace(stage, image);
  } catch (error) {
    replace(stage, problemBox(asProblem(error)));
  }
}

/** @param {Context} ctx @param {any} file @param {Bag} bag */
function thumbnailMaker(ctx, file, bag) {
  const place = h("span", { class: "stage-made" });
  const make = async (/** @type {number} */ side) => {
    const made = await smallPicture(ctx, file.id, side, bag);
    const link = h(
      "a",
      { href: made.address, download: `${side}-${file.name}`, class: "stage-link" },
      h("img", { src: made.address, alt: `${file.name}, small` }),
      `Download, ${size(made.size)}`,
    );
    replace(place, link);
  };
  return [
    h("span", { class: "quiet" }, "Small picture:"),
    ...[64, 256, 1024].map((side) => button(`${side} px`, () => make(side), { look: "quiet" })),
    place,
  ];
}
