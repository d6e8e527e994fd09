// @ts-check
/**
 * Which views are shown at which address: one table, which the server reads, too (`collab/web/pages.py`),
 * so an address that is not in it is a 404 there as here. `:name` is an id; of "project/board" the view
 * `views/project.js` is around `views/board.js`.
 */

/** @type {Record<string, string>} */
// prettier-ignore
export const PAGES = {
  "/": "home",
  "/sign-in": "sign-in",
  "/register": "register",
  "/projects": "projects",
  "/projects/:project": "project/board",
  "/projects/:project/board": "project/board",
  "/projects/:project/board/:task": "project/board",
  "/projects/:project/files": "project/files",
  "/projects/:project/files/:file": "project/files",
  "/projects/:project/files/:file/history": "project/files",
  "/projects/:project/activity": "project/activity",
  "/projects/:project/jobs": "project/jobs",
  "/projects/:project/jobs/:job": "project/jobs",
  "/projects/:project/schedules": "project/schedules",
  "/projects/:project/schedules/:schedule": "project/schedules",
  "/projects/:project/pipeline": "project/pipeline",
  "/projects/:project/members": "project/members",
  "/projects/:project/settings": "project/settings",
  "/projects/:project/webhooks": "project/webhooks",
  "/tasks": "tasks",
  "/tasks/:task": "tasks",
  "/posts": "posts",
  "/posts/:post": "posts",
  "/collections": "collections",
  "/collections/:collection": "collections",
  "/jobs": "jobs",
  "/jobs/:job": "jobs",
  "/schedules": "schedules",
  "/schedules/:schedule": "schedules",
  "/notifications": "notifications",
  "/activity": "activity",
  "/account": "account",
  "/admin": "admin",
  "/admin/people": "admin",
  "/admin/tasks": "admin",
  "/admin/jobs": "admin",
  "/admin/flags": "admin",
  "/admin/audit": "admin",
  "/admin/health": "admin",
};
