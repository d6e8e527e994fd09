// @ts-check
/** A project's name and description, what it takes, and its end. */
import { h, replace } from "../core/dom.js";
import { loadProjects } from "../core/mine.js";
import { asProblem, Problem } from "../core/problem.js";
import { capitalised, size } from "../core/text.js";
import { busily, button, linkButton } from "../ui/button.js";
import { openForm, showProblem } from "../ui/dialog.js";
import { problemBox } from "../ui/empty.js";
import { field } from "../ui/field.js";
import { pageHead, section } from "../ui/page.js";
import { skeleton } from "../ui/skeleton.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../core/context.js").Context} Context */

/** @param {HTMLElement} root @param {Context} ctx */
async function mount(root, ctx) {
  const store = /** @type {NonNullable<Context["projectStore"]>} */ (ctx.projectStore);
  const project = store.get();
  const manages = project.role === "owner" || ctx.user.role === "admin";
  const usage = h("div", {}, skeleton(2));
  const about = manages
    ? aboutForm(ctx, store)
    : h("p", { class: "quiet" }, "Owners change a project’s settings. You can leave it in its list of members.");
  const end = manages
    ? section("Delete", [
        h(
          "p",
          { class: "quiet" },
          "Everything in the project is deleted with it, for everybody. That can’t be undone.",
        ),
        h(
          "p",
          {},
          button("Delete the project…", () => remove(ctx, store.get()), { look: "danger", icon: "trash" }),
        ),
      ])
    : null;
  root.append(
    h(
      "div",
      { class: "page" },
      pageHead("Settings"),
      section("About", [about]),
      manages ? section("Webhooks", [webhooks(project.id)]) : null,
      section("What it takes", [usage]),
      end,
    ),
  );
  try {
    const { data } = await ctx.api.get(`projects/${project.id}/usage`, { signal: ctx.signal });
    replace(usage, usageOf(data));
  } catch (error) {
    if (!ctx.signal.aborted) replace(usage, problemBox(asProblem(error)));
  }
}

/** @param {number} id */
function webhooks(id) {
  return [
    h("p", { class: "quiet" }, "Other systems get this project’s events as they happen, and send theirs."),
    h("p", {}, linkButton("Webhooks and incoming hooks", `/projects/${id}/webhooks`, { icon: "link" })),
  ];
}

/** @param {Context} ctx @param {NonNullable<Context["projectStore"]>} store */
function aboutForm(ctx, store) {
  const { id, name, description } = store.get();
  const fields = [
    field("name", "Name", { value: name, attributes: { maxlength: 120, required: true } }),
    field("description", "What it is about", { type: "textarea", value: description, attributes: { maxlength: 2000 } }),
  ];
  const wrong = h("p", { class: "form-wrong", role: "alert", hidden: true });
  const save = button("Save", () => {}, { look: "primary", type: "submit" });
  const form = h(
    "form",
    { class: "form", novalidate: true },
    fields.map((one) => one.element),
    wrong,
    h("div", { class: "form-foot" }, save),
  );
  const send = async () => {
    try {
      fields.forEach((one) => one.tell(""));
      wrong.hidden = true;
      const { data } = await ctx.api.patch(`projects/${id}`, {
        body: Object.fromEntries(fields.map((one) => [one.name, one.value()])),
      });
      store.set(data);
      void loadProjects();
      toast.done("Saved.");
    } catch (error) {
      showProblem(asProblem(error), fields, wrong);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void busily(save, send);
  });
  return form;
}

/** @param {any} data */
function usageOf(data) {
  const kinds = data.kinds.filter((/** @type {any} */ one) => one.count > 0);
  const rows = kinds.map((/** @type {any} */ one) =>
    h(
      "div",
      { class: "row" },
      h("span", { class: "row-main" }, capitalised(one.kind)),
      h("span", { class: "quiet" }, one.count.toLocaleString()),
      h("span", { class: "time" }, size(one.bytes)),
    ),
  );
  return [
    h("p", {}, `${size(data.bytes)} of ${size(data.limit)}`),
    h("meter", { class: "usage", min: 0, max: data.limit, value: data.bytes, "aria-label": "Used" }),
    h("div", { class: "rows" }, rows),
  ];
}

/** What can't be undone is the one thing that is asked for: its name. @param {Context} ctx @param {import("../core/context.js").Project} project */
function remove(ctx, project) {
  const name = field("name", `Type “${project.name}” to delete it`, { attributes: { autocomplete: "off" } });
  openForm({
    title: "Delete the project",
    submit: "Delete it",
    fields: [name],
    async save(values) {
      if (values["name"].trim() !== project.name) {
        throw new Problem(422, { errors: [{ pointer: "#/name", detail: "That is not its name." }] });
      }
      await ctx.api.delete(`projects/${project.id}`);
      ctx.router.go("/");
      void loadProjects();
    },
  });
}

export default { title: "Settings", mount };
