// @ts-check
/** What a project sends to other systems, and what they send to it. */
import { h, loadStyles } from "../core/dom.js";
import { linkButton } from "../ui/button.js";
import { empty } from "../ui/empty.js";
import { pageHead, section } from "../ui/page.js";
import { incomingPart } from "../rooms/incoming.js";
import { webhooksPart } from "../rooms/webhooks.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  await loadStyles("rooms");
  const id = ctx.params["project"] ?? 0;
  const page = h("div", { class: "page" });
  root.append(page);
  const back = linkButton("Settings", `/projects/${id}/settings`);
  page.append(
    pageHead("Webhooks", { sub: "This project’s events, sent to other systems, and theirs.", actions: back }),
  );
  if (ctx.project?.role !== "owner" && ctx.user.role !== "admin") {
    page.append(empty({ icon: "settings", title: "For owners", text: "Owners manage a project’s webhooks." }));
    return;
  }
  const out = webhooksPart(ctx, id);
  const incoming = incomingPart(ctx, id);
  page.append(
    section("Webhooks", [out.element], { actions: out.actions }),
    section("Incoming hooks", [incoming.element], { actions: incoming.actions }),
  );
  await Promise.all([out.load(), incoming.load()]);
}

export default { title: "Webhooks", mount };
