// @ts-check
/** Submitting a job: which type, and a form made from what the type takes. */
import { openForm } from "../ui/dialog.js";
import { typeForm } from "./type-form.js";

/** @typedef {import("../core/context.js").Context} Context */

/**
 * Open the form.
 * @param {Context} ctx
 * @param {number | null} project
 * @param {(job: { id: number }) => void} done
 */
export async function newJob(ctx, project, done) {
  const form = await typeForm(ctx, project);
  openForm({
    title: "New job",
    submit: "Submit",
    fields: [form.field],
    async save() {
      const body = { ...form.work(), project_id: project };
      const answer = await ctx.api.post("jobs", { body, idempotent: true }).catch(form.tell);
      done(answer.data);
    },
  });
}
