"""Every view, as people find it who see, hear or touch it: axe-core in both themes, and a phone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from collab.web.pages import pages

from ..support.browsers import go
from ..support.npm import PACKAGES, needs_node
from ..support.people import Person

AXE = PACKAGES / "axe-core" / "axe.min.js"
#: WCAG 2.2, levels A and AA, and what axe calls good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 800}
#: A name that no line can be broken in.
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
#: What is wider than what it lies in, unless that scrolls or hides it: by more than a few pixels,
#: which marks may hang over.
STICKING_OUT = """() => [...document.querySelectorAll('.frame *')].filter((one) => {
  const [around, own] = [getComputedStyle(one.parentElement), getComputedStyle(one)];
  if (around.overflowX !== 'visible' || /absolute|fixed/.test(own.position)) return false;
  const scrolls = own.overflowX === 'auto'; // to the edges of a phone, over what is around it
  if (one.ownerSVGElement || scrolls || around.display === 'contents') return false;
  const [outer, inner] = [one.parentElement.getBoundingClientRect(), one.getBoundingClientRect()];
  return inner.width > 0 && inner.right > outer.right + 5;
}).map((one) => `${location.pathname} .${one.className} in .${one.parentElement.className}`)"""


@dataclass
class Places:
    """One of each thing, for the ids in addresses."""

    project: int
    task: int
    file: int
    job: int
    schedule: int
    post: int
    collection: int

    def paths(self) -> Iterator[str]:
        """Yield an address of each view that the page has, by the table that both sides read."""
        seen = set()
        for rule, views in pages().items():
            ids = frozenset(re.findall(r"<id:(\w+)>", rule))
            views = rule if views == "admin" else views  # each part of it looks another way
            if (views, ids) not in seen and "sign" not in views and views != "register":
                seen.add((views, ids))
                yield re.sub(r"<id:(\w+)>", lambda found: str(getattr(self, found[1])), rule)
        yield "/projects/999"


@pytest.fixture
def places(at_site: Callable[[Person], Person], alice, ada, project) -> Places:
    """Return what is there to look at; ada, who sees all, is a member, too."""
    owner = at_site(alice)
    owner.patch("/auth/me", {"name": LONG})
    owner.patch(f"/projects/{project}", {"name": LONG, "description": LONG})
    owner.invites(project, ada.email, "owner")
    post = owner.writes(LONG, "**World**")["id"]
    urgent = {"project_id": project, "assignee": ada.id, "priority": "urgent"}
    task = owner.makes_task(LONG, **urgent, due_at="2026-03-02T09:00:00Z", tags=[LONG[:30]])["id"]
    owner.comments(task, f"Is it ready, @ada? {LONG}")
    report = {"type": "report", "project_id": project}
    weekly = owner.post("/schedules", report | {"name": LONG, "cron": "@weekly"})
    owner.post(f"/ingest?project_id={project}", [{"event_type": LONG[:60]}, {"event_type": 5}])
    owner.post(
        f"/projects/{project}/webhooks", {"name": LONG, "url": f"https://example.com/{LONG}"}
    )
    return Places(
        project=project,
        task=task,
        file=owner.makes_text(project, "print('Hello')\n", f"{LONG}.py"),
        job=owner.post("/jobs", report).json()["id"],
        schedule=weekly.json()["id"],
        post=post,
        collection=at_site(ada).collects(post),
    )


#: Returns what axe finds: all that it says of what is right would take as long to send as to find.
#: Of hidden content it only ever says that people should look at it.
AXE_RUN = """async ({ only, without }) => {
    const context = { exclude: [[without]] };
    const rules = { 'hidden-content': { enabled: false } };
    const how = { runOnly: only, rules, reporter: 'no-passes' };
    const { violations } = await axe.run(context, how);
    const why = ({ any, all, none }) => [...any, ...all, ...none].map(({ message }) => message);
    return violations.flatMap(({ id, nodes }) => nodes.map((node) =>
        `${location} ${id}: ${node.html.slice(0, 200)} ${why(node).join('; ').slice(0, 300)}`));
}"""
BY_TAGS = {"type": "tag", "values": RULES}
BY_COLOURS = {"type": "rule", "values": ["color-contrast"]}


def violations(page: Page, only: dict[str, Any], without: str = "#none") -> list[str]:
    """Return what axe finds, each with where; of all but what is `without`."""
    found: list[str] = page.evaluate(AXE_RUN, {"only": only, "without": without})
    return found


def in_both_themes(page: Page, without: str) -> list[str]:
    """Return what axe finds in the light theme, and of the dark one's colours."""
    found = violations(page, BY_TAGS, without)
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark' }")
    found += violations(page, BY_COLOURS, without)
    page.evaluate("() => { document.documentElement.dataset.theme = 'light' }")
    return found


def sticking_out(page: Page) -> list[str]:
    """Return what is wider than what it lies in, or than the screen."""
    found: list[str] = page.evaluate(STICKING_OUT)
    if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{page.url} scrolls sideways")
    return found


def looked_at(page: Page, sizes: list[ViewportSize], without: str) -> tuple[list[str], list[str]]:
    """Return what axe finds on a desk, and what sticks out there and on a phone, in that order."""
    against, sticking = [], []
    for size in sizes:
        if page.viewport_size != size:
            page.set_viewport_size(size)
        sticking += sticking_out(page)
        if size == DESK:
            against += in_both_themes(page, without)
    return against, sticking


@needs_node("axe-core")
@pytest.mark.usefixtures("own_site")
def test_no_view_has_a_violation_of_axes_or_a_name_that_sticks_out(windows, places):
    """In either theme, on a phone and on a desk: to come to a view takes longer than to look."""
    page = windows(viewport=DESK).tab("/sign-in")
    page.evaluate(AXE.read_text())
    expect(page.get_by_label("E-mail")).to_be_focused()
    against, sticking, without = violations(page, BY_TAGS), [], "#none"
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.locator(".frame").wait_for()
    sizes = [DESK, PHONE]
    for path in places.paths():
        go(page, path)
        found = looked_at(page, sizes, without)
        against, sticking = against + found[0], sticking + found[1]
        sizes.reverse()  # the next view comes on the screen that is there
        without = ".sidebar"  # which is the same in each view
    assert (against, sticking) == ([], [])


def test_a_phone_has_the_sidebar_behind_its_menu(windows):
    page = windows(viewport=PHONE, has_touch=True).signs_in("ada", "/projects")
    page.get_by_role("button", name="Menu").tap()
    home = page.locator(".sidebar").get_by_role("link", name="Home")
    home.tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ada")
    expect(home).to_be_hidden()


def test_a_phone_says_what_to_do_first_where_no_file_is(window, project):
    page = window("alice", f"/projects/{project}/files", viewport=PHONE, has_touch=True)
    expect(page.get_by_role("button", name="New workspace")).to_be_visible()
