// @ts-check
/** What happened, in sentences, with who did it and where it leads. */
import { h } from "../core/dom.js";
import { timeOf } from "../core/time.js";
import { avatar } from "./avatar.js";
import { icon } from "./icons.js";

/** @typedef {{ id: number, type: string, text: string, actor: { id: number, name: string } | null, project_id: number | null, data: any, time: string }} Happening */

/**
 * @param {Happening} one
 * @param {{ fresh?: boolean }} [options]
 */
export function happening(one, { fresh = false } = {}) {
  const href = placeOf(one);
  const who = one.actor
    ? avatar(one.actor, { size: "small", decorative: true })
    : h("span", { class: "avatar avatar-small avatar-more" }, icon("settings", 12));
  const text = href ? h("a", { href, class: "happening-link" }, one.text) : h("span", {}, one.text);
  return h(
    "li",
    { class: fresh ? "happening happening-new" : "happening", data: { id: one.id } },
    who,
    h("span", { class: "happening-text", dir: "auto" }, text),
    timeOf(one.time),
  );
}

/** Where to look at what it tells of. @param {Happening} one */
export function placeOf({ type, project_id: project, data }) {
  const [family = ""] = type.split(".");
  if (type.endsWith(".deleted") || data === null) return project ? `/projects/${project}/activity` : null;
  const base = project ? `/projects/${project}` : "";
  if (family === "task" && data.task_id) return project ? `${base}/board/${data.task_id}` : `/tasks/${data.task_id}`;
  if (family === "job" && data.job_id) return `${base}/jobs/${data.job_id}`;
  if (family === "schedule" && data.schedule_id) return `${base}/schedules/${data.schedule_id}`;
  if (family === "file" && data.file_id && project) return `${base}/files/${data.file_id}`;
  if (family === "post" && data.post_id) return `/posts/${data.post_id}`;
  if (family === "collection" && data.collection_id) return `/collections/${data.collection_id}`;
  if (family === "member" || family === "invitation") return project ? `${base}/members` : null;
  if (family === "workspace" && project) return `${base}/files`;
  return project ? base : null;
}
