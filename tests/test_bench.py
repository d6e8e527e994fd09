"""What the benchmarks say of what they measured: aims, spreads, changes, counts."""

import json
from dataclasses import replace

import pytest

from bench import compare
from bench._plot import curves
from bench.counts.__main__ import BOUNDS, over
from bench.counts.asked import ASKED
from bench.whole import report
from bench.whole.aims import AIMS, Aim, judge
from bench.whole.book import Book, load, spread
from bench.whole.parts import PARTS

HEAD = {
    "date": "2026-01-01 00:00 UTC",
    "commit": "abc",
    "machine": "a machine",
    "versions": {"ws": "8"},
    "quick": False,
    "parts": ["requests"],
    "minutes": 1.0,
    "load": [0.0, 0.0],
}


def book(ours=(200, 220, 210), peers=(100, 100, 100)):
    found = Book(head=dict(HEAD))
    for mine, theirs in zip(ours, peers, strict=True):
        found.note("one project by id", "ours", mine, "requests/s")
        found.note("one project by id", "Express", theirs, "requests/s", others=0.05)
    return found


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ((200, 220, 210), "met"),
        ((100, 120, 110), "missed"),
        ((190, 220, 210), "met, within the spread"),
        ((180, 190, 210), "missed, within the spread"),
    ],
)
def test_an_aim_is_held_against_the_ratio_of_each_round(ours, verdict):
    aim = Aim("requests", "one project by id", 2, base="Express")
    assert judge(aim, book(ours)).verdict == verdict


def test_a_bound_from_above_is_one():
    aim = Aim("requests", "one project by id", 300, most=True)
    assert judge(aim, book()).verdict == "met"
    assert judge(replace(aim, bound=100), book()).verdict == "missed"


def test_what_was_not_measured_is_not_met():
    assert {judge(aim, Book()).verdict for aim in AIMS} == {"not measured"}


@pytest.mark.parametrize(
    ("unit", "points", "verdict"),
    [
        ("ms, p50", [(1000, 1.0), (10**6, 1.4)], "met"),
        ("ms, p50", [(1000, 1.0), (10**6, 2.0)], "missed"),
        ("events/s", [(1000, 100.0), (10**6, 50.0)], "missed"),
        ("events/s", [(1000, 100.0), (10**6, 500.0)], "met"),
    ],
)
def test_a_curve_is_flat_if_its_end_costs_what_its_beginning_does(unit, points, verdict):
    found = Book()
    for size, value in points:
        found.point("list", ("A list", "rows", unit), "ours", size, value)
    [aim] = [one for one in AIMS if one.curve == "list"]
    assert judge(aim, found).verdict == verdict


def test_each_aim_is_of_a_part_that_is_run():
    assert {aim.part for aim in AIMS} == set(PARTS)


def test_a_spread_is_of_all_rounds_where_there_are_few_and_else_of_their_middle_half():
    assert str(spread([1, 2, 3])) == "2.00 (1.00–3.00)"  # noqa: RUF001
    assert str(spread([1, 5, 5, 6, 6, 9, 5, 6])) == "5.50 (5.00–6.00)"  # noqa: RUF001


def test_the_page_names_aims_and_failures():
    found = book()
    found.failures["fan-out"] = "no Node\nhere"
    page = report.page(found)
    assert "- **fan-out**: no Node here" in page
    assert "| one project by id |  | 210 (200–220) requests/s | Express | 100 requests/s |" in page  # noqa: RUF001
    assert "| 2.10 (2.00–2.20) | at least 2 x | met |" in page  # noqa: RUF001
    assert "1 of 16 are met" in page


def test_a_book_is_read_as_it_was_saved(tmp_path):
    found = book()
    found.point("list", ("A list", "rows", "ms"), "ours", 1000, 1.5)
    found.save(tmp_path / "a.json")
    assert report.page(load(tmp_path / "a.json")) == report.page(found)


def test_a_change_beyond_the_noise_is_marked_and_noise_is_not():
    before, noise, slower = book(), book((205, 215, 225)), book((100, 110, 105))
    assert [one.verdict for one in compare.changes(before, noise)] == ["", "", ""]
    assert [one.verdict for one in compare.changes(before, slower)] == [
        "**worse**",
        "",
        "**worse**",
    ]
    assert [one.verdict for one in compare.changes(slower, before)] == ["better", "", "better"]


def test_a_picture_has_each_value_and_each_name():
    picture = curves("Fan-out", {"ws": [(10, 1.5), (100, 2.25)], "ours": [(10, 300.0)]}, "<ms>")
    for text in (">1.5<", ">2.25<", ">300<", ">ws<", ">ours<", "&lt;ms&gt;"):
        assert text in picture


def test_one_statement_more_is_found_and_calls_within_the_margin_are_not():
    bounds = {"statements": {"a list": 2}, "system calls": {"a list": 20}}
    assert over({"statements": {"a list": 2}, "system calls": {"a list": 21.9}}, bounds) == []
    assert len(over({"statements": {"a list": 3}, "system calls": {"a list": 22.1}}, bounds)) == 2
    assert over({"statements": {"another": 1}}, bounds) == ["another: no bound for statements"]


def test_each_request_has_its_bounds():
    bounds = json.loads(BOUNDS.read_text())
    assert all(bounds[kind].keys() == ASKED.keys() for kind in bounds if kind != "build")
    assert len(bounds) == 4
