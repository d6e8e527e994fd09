// @ts-check
/** Where the page begins: who is signed in, which view that address shows, and the change from one to the next. */
import { api } from "./core/api.js";
import { replace } from "./core/dom.js";
import { live } from "./core/live.js";
import { keepMine } from "./core/mine.js";
import { asProblem, Problem } from "./core/problem.js";
import { router } from "./core/router.js";
import { session } from "./core/session.js";
import { toggleTheme } from "./core/theme.js";
import { keepTimesTrue } from "./core/time.js";
import { problemBox } from "./ui/empty.js";
import { makeFrame } from "./ui/frame.js";
import { newProject } from "./ui/new-project.js";
import { openPalette } from "./ui/open-palette.js";
import { openSheet, shortcuts } from "./ui/shortcuts.js";
import { skeleton } from "./ui/skeleton.js";

/** @typedef {import("./core/context.js").Context} Context */
/** @typedef {import("./core/context.js").Mounted} Mounted */
/** @typedef {import("./core/router.js").Place} Place */
/** @typedef {import("./core/router.js").How} How */
/** @typedef {{ name: string, ids: string, mounted: Mounted, aborter: AbortController }} Shown */

const app = /** @type {HTMLElement} */ (document.getElementById("app"));
const announcer = /** @type {HTMLElement} */ (document.getElementById("announcer"));

/** @type {ReturnType<typeof makeFrame> | null} */
let frame = null;
/** The views that are shown, the outer one first. @type {Shown[]} */
const shown = [];
/** Counts the changes of place, so that a slow one does not come after a later one. */
let turn = 0;
/** How somebody set out for what is on its way; being sent on from there is part of that. @type {How | null} */
let settingOut = null;
/** Ends the view that is on its way: it is among those that are shown only when it has come. @type {AbortController | null} */
let coming = null;
/** @type {() => void} */
let endMine = () => {};

/** Views for who is not signed in. */
const OPEN = new Set(["sign-in", "register"]);
/** Views that are the same for who is signed in and who is not. */
const EITHER = new Set(["mailed"]);

/** @param {Place | null} place @param {How} now */
async function show(place, now) {
  const mine = nextTurn();
  const how = now.replaced && settingOut ? { ...settingOut, scroll: now.scroll } : now;
  settingOut = how;
  const focused = document.activeElement;
  const user = session.user.get();
  const open = place !== null && OPEN.has(place.views[0] ?? "");
  const either = place !== null && EITHER.has(place.views[0] ?? "");
  if (!user && !open && !either)
    return router.go(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
  if (user && open) return router.go(nextOf(place), { replace: true });
  const root = user && !either ? framed(user) : unframed();
  frame?.moved();
  await change(root, place, mine);
  if (mine !== turn) return;
  settingOut = null;
  arrived(how, focused);
}

/** Begin to go elsewhere: whatever is on its way is not wanted any more. */
function nextTurn() {
  coming?.abort();
  coming = null;
  turn += 1;
  return turn;
}

/** Where to go after signing in: a page of ours. @param {Place | null} place */
function nextOf(place) {
  const next = place?.query.get("next") ?? "/";
  return next.startsWith("/") && router.placeOf(next) ? next : "/";
}

/** @param {import("./core/session.js").User} user */
function framed(user) {
  if (!frame) {
    dismiss(0);
    frame = makeFrame(user);
    replace(app, frame.element);
  }
  return frame.view;
}

function unframed() {
  if (frame) dismiss(0);
  frame?.dispose();
  frame = null;
  return app;
}

/**
 * Go from the views that are shown to those of a place: what is the same stays. What goes wrong is told where
 * the view would be, within those around it.
 * @param {HTMLElement} root
 * @param {Place | null} place
 * @param {number} mine
 */
async function change(root, place, mine) {
  const names = place?.views ?? [];
  let keep = 0;
  while (place && keep < names.length && shown[keep]?.name === names[keep] && canStay(keep, names.length, place))
    keep += 1;
  dismiss(keep);
  let at = root;
  /** @type {Partial<Context>} */
  let extra = {};
  try {
    if (!place) throw new Problem(404, { detail: "There is no such page." });
    for (const index of names.keys()) {
      const old = shown[index];
      if (old) await old.mounted.update?.({ ...contextOf(place, old.aborter.signal), ...extra });
      else if (!(await mount(at, place, index, extra, mine))) return;
      const { outlet, extra: more } = shown[index]?.mounted ?? {};
      extra = { ...extra, ...more };
      at = outlet ?? at;
    }
  } catch (error) {
    if (mine !== turn) return;
    setTitle("Not shown");
    replace(at, wrap(problemBox(asProblem(error), () => router.again(), { heading: true })));
  }
}

/** Whether a view that is shown goes on at another place. @param {number} index @param {number} length @param {Place} place */
function canStay(index, length, place) {
  const one = shown[index];
  return Boolean(one?.mounted.update) && (index < length - 1 ? one?.ids === outerIds(place) : true);
}

/** What an outer view depends on. @param {Place} place */
function outerIds(place) {
  return String(place.params["project"] ?? "");
}

/**
 * @param {HTMLElement} root
 * @param {Place} place
 * @param {number} index
 * @param {Partial<Context>} extra
 * @param {number} mine
 * @returns {Promise<boolean>} false when somebody has gone elsewhere meanwhile
 */
async function mount(root, place, index, extra, mine) {
  const name = place.views[index] ?? "";
  const waiting = setTimeout(() => mine === turn && replace(root, wrap(skeleton(4))), 150);
  const aborter = new AbortController();
  try {
    const view = /** @type {{ default: import("./core/context.js").View }} */ (await import(`./views/${name}.js`))
      .default;
    if (mine !== turn) return false;
    clearTimeout(waiting);
    root.replaceChildren();
    setTitle(view.title);
    coming = aborter;
    const result = await view.mount(root, { ...contextOf(place, aborter.signal), ...extra });
    const mounted = typeof result === "function" ? { dispose: result } : (result ?? {});
    // Too late: what is shown at its depth by now is another's.
    if (mine !== turn) {
      mounted.dispose?.();
      return false;
    }
    coming = null;
    shown[index] = { name, ids: outerIds(place), mounted, aborter };
    return true;
  } catch (error) {
    aborter.abort();
    throw error;
  } finally {
    clearTimeout(waiting);
  }
}

/** @param {Place} place @param {AbortSignal} signal @returns {Context} */
function contextOf(place, signal) {
  const user = /** @type {import("./core/session.js").User} */ (session.user.get());
  return { params: place.params, query: place.query, api, session, live, router, signal, user, setTitle, leave };
}

/** End the views from one of them on, the inner ones first. @param {number} from */
function dismiss(from) {
  for (const one of shown.splice(from).reverse()) {
    one.aborter.abort();
    one.mounted.dispose?.();
  }
}

/** End all views, and show something instead: as when a person may see them no longer. @param {HTMLElement} instead */
function leave(instead) {
  nextTurn();
  settingOut = null;
  dismiss(0);
  replace(frame?.view ?? app, instead);
  setTitle("");
}

/** @param {HTMLElement} box */
function wrap(box) {
  const page = document.createElement("div");
  page.className = "page";
  page.append(box);
  return page;
}

/** @param {string} title */
function setTitle(title) {
  document.title = title ? `${title} · Collab` : "Collab";
}

/**
 * Move the focus to what is new, and say it.
 * @param {How} how
 * @param {Element | null} before what had the focus where we come from
 */
function arrived({ replaced, first, scroll }, before) {
  if (scroll !== undefined) scrollTo(0, scroll);
  if (first || replaced) return;
  announcer.textContent = document.title;
  const now = document.activeElement;
  if (now !== before && now !== document.body && frame?.view.contains(now)) return; // the view chose
  const heading = frame?.view.querySelector("h1");
  (heading ?? frame?.main)?.focus({ preventScroll: true });
}

function keys() {
  shortcuts(
    { keys: "mod+k", label: "Search and commands", run: openPalette },
    { keys: "?", label: "This sheet", run: openSheet },
    { keys: "g h", label: "Go home", run: () => router.go("/") },
    { keys: "g t", label: "Go to my tasks", run: () => router.go("/tasks") },
    { keys: "g n", label: "Go to notifications", run: () => router.go("/notifications") },
    { keys: "g p", label: "Go to posts", run: () => router.go("/posts") },
    { keys: "n p", label: "New project", run: newProject },
    { keys: "t t", label: "Light or dark", run: toggleTheme },
  );
}

/** Begin, or end, what goes on for as long as somebody is signed in. @param {import("./core/session.js").User | null} user */
function signedIn(user) {
  if (user) {
    if (live.state.get() !== "off") return;
    live.start();
    endMine = keepMine(user.id);
    return;
  }
  if (live.state.get() === "off") return;
  endMine();
  live.stop();
  router.again();
}

/** What was typed offline is nobody else's to find. */
async function forgetTexts() {
  const keep = await import("./editor/keep.js"); // not before: most who sign out have opened no text
  keep.forgetTexts();
}

async function begin() {
  keys();
  session.onSignOut(forgetTexts);
  keepTimesTrue();
  try {
    await session.begin();
  } catch (error) {
    replace(app, wrap(problemBox(asProblem(error), () => location.reload(), { heading: true })));
    return;
  }
  session.user.subscribe(signedIn);
  router.start((place, how) => void show(place, how));
}

void begin();
