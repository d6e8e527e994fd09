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

/** @typedef {{ replaced?: boolean, first?: boolean, scroll?: number }} How `scroll`: where to, in pixels */

/** @type {(place: Place | null, how: How) => void} */
let show = () => {};

export const router = {
  placeOf,

  /** @param {typeof show} shower */
  start(shower) {
    show = shower;
    history.scrollRestoration = "manual";
    document.addEventListener("click", followLink);
    window.addEventListener("popstate", ({ state }) => show(placeOf(location.href), { scroll: state?.scroll ?? 0 }));
    window.addEventListener("pagehide", keepScroll);
    show(placeOf(location.href), { first: true, scroll: history.state?.scroll ?? 0 });
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
    else if (new URL(href, location.href).href !== location.href) {
      keepScroll();
      history.pushState(null, "", href);
    }
    show(place, { replaced: replace, scroll: 0 });
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
    show(placeOf(location.href), { replaced: true });
  },
};

/** Note where this entry of the history is scrolled to, for who comes back to it. */
function keepScroll() {
  history.replaceState({ ...history.state, scroll: Math.round(scrollY) }, "");
}

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
