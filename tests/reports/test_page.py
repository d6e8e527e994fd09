"""The page: one file that needs nothing else, safe whatever people typed, and accessible."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.reports import facts
from collab.reports.charts import clean
from collab.reports.render import Report, average, render, share
from collab.reports.scope import Period
from collab.reports.sections import SECTIONS
from collab.reports.task_facts import Tasks

from ..support.people import Person, ok
from .making import NOW, SVG, Page, Told, drawn, made, write

HOSTILE = [
    "<script>alert(1)</script>",
    "</title></style></svg><img src=x onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>",
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "&lt;b&gt; &amp; &#x3c;",
    "\u202egnp.exe \u2066\u2069\u2069",
    "\ufffe\uffff\u200b\u0000\u0001",
    "]]><!-- --><![CDATA[",
    "z\u0311\u0311\u0311\u0311\u0311a\u0489lgo " * 5,
    "محمد الفارسي",
    "x" * 120,
]


def report(name: str = "Apollo", days: int = 30, count: int = 3, typed: str = "Alice") -> Report:
    """Return a report with one text wherever people can type one."""
    period = Period.ending(NOW, days)
    person = facts.Person(1, typed, "owner", count, NOW)
    found = {
        "activity": facts.Activity([(one, count) for one in period.days], NOW),
        "types": facts.Types([("activity", count)], count + 5, 2),
        "people": facts.People([person] if count else [], 4),
        "members": facts.Members({"owner": 1}, [(typed, "owner", NOW)]),
        "tasks": Tasks({"todo": count}, count, [(typed, count, count)], 2),
        "workspaces": facts.Workspaces(3, [(typed, NOW, count)]),
    }
    return Report(facts.ProjectFacts(1, name, typed, NOW), period, found, NOW)


@pytest.fixture
def empty(app: Flask, alice: Person, quiet: int) -> Report:
    """Return the report on a project in which nothing has happened."""
    return made(app, alice.id, quiet)


def external(page: Page) -> list[str]:
    """Return every reference to something outside of the file."""
    names = ("src", "href", "xlink:href", "action", "srcset", "poster", "data", "background")
    found = [value or "" for _, one in page.tags for name, value in one.items() if name in names]
    return [value for value in found if not value.startswith(("#", "data:"))]


# -- what people typed ----------------------------------------------------------------------------


@pytest.mark.parametrize("typed", HOSTILE)
def test_a_hostile_name_makes_no_element_and_no_attribute(typed: str) -> None:
    page, harmless = Page(render(report(typed, typed=typed))), Page(render(report()))
    assert [(tag, list(one)) for tag, one in page.tags] == [
        (tag, list(one)) for tag, one in harmless.tags
    ]


@pytest.mark.parametrize("typed", HOSTILE)
def test_a_name_is_shown_as_it_was_typed(typed: str) -> None:
    page = Page(render(report(typed)))
    shown = page.text[page.text.index("Project report") :]
    assert clean(typed) in shown


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120))
def test_any_text_leaves_the_page_as_it_is(typed: str) -> None:
    tags = [tag for tag, _ in Page(render(report(typed, typed=typed))).tags]
    assert tags == [tag for tag, _ in Page(render(report(typed="x"))).tags]


@pytest.mark.parametrize("typed", HOSTILE)
def test_charts_with_hostile_names_are_well_formed(typed: str) -> None:
    for chart in re.findall(r"<svg.*?</svg>", render(report(typed, typed=typed)), re.DOTALL):
        assert drawn(chart).tag == f"{SVG}svg"


def test_names_do_not_turn_the_text_around_them() -> None:
    html = render(report("\u202egnp.exe", typed="\u202egnp.exe"))
    body = html[html.index("<body>") :]
    outside = re.sub(r"<(bdi|text|p class=\"description\")[^>]*>[^<]*</\w+>", "", body)
    outside = re.sub("\u2068[^\u2069]*\u2069", "", outside)
    assert "\u202e" not in outside


def test_hostile_names_pass_through_the_database(app: Flask, alice: Person) -> None:
    name = HOSTILE[0]
    key = alice.makes_project(name)
    ok(alice.patch("/auth/me", {"name": HOSTILE[3]}))
    alice.makes_workspace(key, HOSTILE[1])
    page = Page(render(made(app, alice.id, key, now=NOW)))
    assert {HOSTILE[0], HOSTILE[1], HOSTILE[3]} <= set(page.text)
    assert not page.named("script", "img", "a")


# -- one file -------------------------------------------------------------------------------------


def pages(empty: Report) -> list[str]:
    return [render(one) for one in (report(), report(days=1), report(days=365), empty)]


def test_nothing_is_fetched(empty: Report) -> None:
    for html in pages(empty):
        assert external(Page(html)) == []
        assert not re.search(r"url\(|@import|@font-face", html)


def test_there_is_no_script_and_no_handler(empty: Report) -> None:
    for html in pages(empty):
        page = Page(html)
        assert not page.named("script", "iframe", "object", "embed", "form", "base", "a", "img")
        assert not [name for _, one in page.tags for name in one if name.startswith("on")]


def test_the_page_forbids_itself_everything_else(empty: Report) -> None:
    for html in pages(empty):
        policies = [
            one["content"]
            for one in Page(html).named("meta")
            if one.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_the_same_facts_make_the_same_page() -> None:
    assert render(report()) == render(report())


# -- for everybody --------------------------------------------------------------------------------


def test_the_language_is_said() -> None:
    assert Page(render(report())).named("html") == [{"lang": "en"}]


def test_headings_come_in_order(empty: Report) -> None:
    for html in pages(empty):
        headings = [tag for tag, _ in Page(html).tags if re.fullmatch("h[1-6]", tag)]
        assert headings == ["h1"] + ["h2"] * len(SECTIONS)


def test_every_chart_has_a_title_a_description_and_a_table_in_its_section() -> None:
    html = render(report())
    parts = [part for part in html.split("<section ")[1:] if "<svg" in part]
    assert len(parts) == 3
    for part in parts:
        assert "<table>" in part
        for chart in re.findall(r"<svg.*?</svg>", part, re.DOTALL):
            assert [one.tag for one in drawn(chart)][:2] == [f"{SVG}title", f"{SVG}desc"]


def test_no_id_is_given_twice() -> None:
    ids = [one["id"] for _, one in Page(render(report())).tags if "id" in one]
    assert len(ids) == len(set(ids)) > len(SECTIONS)


def test_what_names_an_element_is_there() -> None:
    page = Page(render(report()))
    ids = {one["id"] for _, one in page.tags if "id" in one}
    for _, one in page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert one.get(name) is None or one[name] in ids


def test_the_heads_of_tables_say_what_they_are_for() -> None:
    heads = Page(render(report())).named("th")
    assert {one.get("scope") for one in heads} == {"col", "row"}


def style_block(html: str, query: str) -> dict[str, str]:
    """Return the colours that a rule for `:root` gives within (or, for "", before) a query."""
    at = html.index(query) if query else html.index(":root")
    rule = re.search(r":root \{(.*?)\}", html[at:], re.DOTALL)
    assert rule
    return dict(re.findall(r"--(\w+): (#\w+);", rule[1]))


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("query", ["", "prefers-color-scheme: dark", "@media print"])
def test_text_and_bars_stand_out_in_every_scheme(query: str) -> None:
    colours = style_block(render(report()), query)
    assert contrast(colours["ink"], colours["paper"]) >= 7
    assert contrast(colours["soft"], colours["paper"]) >= 4.5
    assert contrast(colours["bar"], colours["paper"]) >= 3


# -- words ----------------------------------------------------------------------------------------


def test_an_empty_project_says_so_in_each_section(empty: Report) -> None:
    text = " ".join(Page(render(empty)).text)
    for sentence in (
        "No events in this period.",
        "Nobody was active in this period.",
        "The project has no tasks.",
        "The project has no workspaces.",
    ):
        assert sentence in text


def test_the_figures_are_those_of_the_sections(app: Flask, alice: Person, quiet: int) -> None:
    write(app, quiet, [Told(NOW, actor=alice.id)] * 1234)
    page = Page(render(made(app, alice.id, quiet)))
    words = [text for text in page.text if text.strip()]
    at = words.index("Events")
    assert words[at : at + 8] == [
        *("Events", "1,234", "Active people", "1"),
        *("Members", "3", "Workspaces", "0"),
    ]


def test_what_is_not_listed_is_said() -> None:
    text = " ".join(Page(render(report())).text)
    assert "5 more of 2 less frequent types." in text
    assert "3 more people with fewer events." in text
    assert "And 2 more." in text


def test_a_pruned_log_is_owned_up_to() -> None:
    one = report()
    assert "earlier events have been pruned" in render(one)
    kept = replace(one.found["activity"], kept_since=None)
    whole = replace(one, found=one.found | {"activity": kept})
    assert "earlier events have been pruned" not in render(whole)


def test_the_time_it_was_made_is_told_in_utc() -> None:
    assert "20 November 2026, 13:29 UTC" in Page(render(report())).text


@pytest.mark.parametrize(
    ("part", "whole", "wanted"), [(1, 3, "33.3 %"), (3, 3, "100.0 %"), (0, 0, "0.0 %")]
)
def test_shares_are_in_percent(part: int, whole: int, wanted: str) -> None:
    assert share(part, whole) == wanted


@pytest.mark.parametrize(("value", "wanted"), [(0.04, "0.0"), (47.5, "47.5"), (23275.4, "23,275")])
def test_means_have_a_decimal_where_it_tells_something(value: float, wanted: str) -> None:
    assert average(value) == wanted
