// @ts-check
/**
 * Addresses and views. Links are real `<a href>`; a click on one changes the view without a new
 * document, moves the focus to the new view, and says its title.
 */
import { PAGES } from "./pages.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {{ views: string[], params: Record<string, number>, path: string, query: URLSearchParams }} Place */

const ROUTES = Object.entries(PAGES).map(([address, views]) => ({
  pattern: new RegExp(`^${address.replace(/:([a-z]+)/g, "(?<$1>[1-9]\\d{0,18})")}/?$`),
  views: views.split("/"),
}));

/**
 * @param {string} href
 * @returns {Place | null} null for what is no page
 */
export function placeOf(href) {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin) return null;
  for (const { pattern, views } of ROUTES) {
    const found = pattern.exec(url.pathname);
    if (!found) continue;
    const params = Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, id]) => [name, Number(id)]));
    return { views, params, path: url.pathname, query: url.searchParams };
  }
  return null;
}

/** @type {(place: Place | null, how: { replaced: boolean, first: boolean }) => void} */
let show = () => {};
/** @type {Map<string, number>} Where each entry of the history was scrolled to. */
const scrolled = new Map();

export const router = {
  placeOf,

  /** @param {typeof show} shower */
  start(shower) {
    show = shower;
    history.scrollRestoration = "manual";
    document.addEventListener("click", followLink);
    window.addEventListener("popstate", () => show(placeOf(location.href), { replaced: false, first: false }));
    show(placeOf(location.href), { replaced: false, first: true });
  },

  /**
   * Go to a page, as a link does.
   * @param {string} href
   * @param {{ replace?: boolean }} [options]
   */
  go(href, { replace = false } = {}) {
    const place = placeOf(href);
    if (!place) return location.assign(href);
    if (replace) history.replaceState(null, "", href);
    else if (new URL(href, location.href).href !== location.href) history.pushState(null, "", href);
    show(place, { replaced: replace, first: false });
  },

  /**
   * Keep something in the address, such as filters, without an entry in the history.
   * @param {Record<string, string | null | undefined>} changes
   */
  setQuery(changes) {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    history.replaceState(history.state, "", url);
  },

  /** Show the present page anew, as after a change of who is signed in. */
  again() {
    show(placeOf(location.href), { replaced: true, first: false });
  },

  scrolled,
};

/** @param {MouseEvent} event */
function followLink(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
  if (!placeOf(link.href) || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  router.go(link.href);
}
