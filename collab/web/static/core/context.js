// @ts-check
/**
 * What a view is given, and what it gives back.
 * @typedef {object} Context
 * @property {Record<string, number>} params the ids in the address: `params.project`
 * @property {URLSearchParams} query
 * @property {typeof import("./api.js").api} api
 * @property {typeof import("./session.js").session} session
 * @property {typeof import("./live.js").live} live
 * @property {typeof import("./router.js").router} router
 * @property {AbortSignal} signal aborted when the view goes: give it to requests
 * @property {import("./session.js").User} user who is signed in
 * @property {(title: string) => void} setTitle the view's own title, once it is known
 * @property {(instead: HTMLElement) => void} leave end all views, and show this instead
 * @property {Project} [project] in the project's views
 * @property {import("./store.js").Store<Project>} [projectStore] the project as it changes
 */
/** @typedef {{ id: number, name: string, description: string, role: string | null, created_at: string, updated_at: string }} Project */
/**
 * @typedef {object} Mounted
 * @property {() => void} [dispose] end all that the view began
 * @property {(ctx: Context) => void | Promise<void>} [update] the same view with other ids or another query; without it the
 *   view is made anew
 * @property {HTMLElement} [outlet] where an inner view goes
 * @property {Partial<Context>} [extra] what inner views are given beside
 */
/**
 * @typedef {object} View
 * @property {string} title
 * @property {boolean} [open] whether it is shown to who is not signed in
 * @property {(root: HTMLElement, ctx: Context) => Mounted | (() => void) | void | Promise<Mounted | (() => void) | void>} mount
 */
export {};
