// @ts-check
import { api } from "../core/api.js";
import { loadProjects } from "../core/mine.js";
import { router } from "../core/router.js";
import { openForm } from "./dialog.js";
import { field } from "./field.js";

/** Ask for a name, make the project, and go there. */
export function newProject() {
  openForm({
    title: "New project",
    submit: "Make it",
    fields: [
      field("name", "Name", { attributes: { maxlength: 120, required: true, autocomplete: "off" } }),
      field("description", "What it is about", { type: "textarea", attributes: { maxlength: 2000 } }),
    ],
    async save(values) {
      const { data } = await api.post("projects", { body: values, idempotent: true });
      void loadProjects();
      router.go(`/projects/${data.id}`);
    },
  });
}
