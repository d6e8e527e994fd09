"""Rules of a source: what each makes of an event, and which are refused when they are sent."""

from __future__ import annotations

from typing import Any

import pytest

from collab.ingest.pipeline.event import Event, read
from collab.ingest.pipeline.rules import (
    MAX_DERIVED_CHARACTERS,
    MAX_DERIVING_RULES,
    MAX_RULES,
    compile_rules,
)

from ..support.each import each

DROP = {"op": "drop", "path": "data.x"}
DERIVE = {"op": "derive", "from": "data.x", "to": "data.y", "as": "length"}


def changed(rule: dict[str, Any], data: dict[str, Any], **more: Any) -> Event:
    """Return an event with this data as one rule leaves it."""
    event = read({"event_type": "seen", "data": data} | more, "event", 0)
    (made,) = compile_rules([rule])
    made.apply(event, lambda text: f"#{text}")
    return event


@each(
    [
        ("host", "https://ann@Example.com:81/x", "example.com"),
        ("lower", "ÅB", "åb"),
        ("upper", "åb", "ÅB"),
        ("date", "2026-03-01T00:30:00+01:00", "2026-02-28"),
        ("date", "2026-03-01T00:30:00", "2026-03-01"),
        ("hour", "2026-03-01T00:30:00+01:00", 23),
        ("length", "four", 4),
        ("length", 12345, 5),
    ]
)
def test_a_rule_derives(derivation: str, value: object, made: object) -> None:
    event = changed(DERIVE | {"as": derivation}, {"x": value})
    assert event.data == {"x": value, "y": made}


@each(
    [
        ("host", "https://[::1"),
        ("host", "no address"),
        ("date", "soon"),
        ("hour", "soon"),
        ("date", "0001-01-01T00:00:00+01:00"),
        ("length", {"in": "it"}),
        ("length", ["in it"]),
        ("lower", "x" * (MAX_DERIVED_CHARACTERS + 1)),
        ("lower", None),
    ]
)
def test_of_what_nothing_follows_nothing_is_derived(derivation: str, value: object) -> None:
    assert changed(DERIVE | {"as": derivation}, {"x": value}).data == {"x": value}


def test_a_rule_drops_what_is_at_its_path() -> None:
    data = {"page": {"url": "/a", "title": "A"}}
    event = changed({"op": "drop", "path": "data.page.url"}, data)
    assert event.data == {"page": {"title": "A"}}


def test_a_rule_drops_a_name() -> None:
    assert changed({"op": "drop", "path": "user_id"}, {}, user_id="ann").user_id is None


def test_a_rule_renames_and_makes_the_place_for_it() -> None:
    event = changed({"op": "rename", "from": "data.x", "to": "metadata.a.b"}, {"x": [1]})
    assert (event.data, event.metadata) == ({}, {"a": {"b": [1]}})


def test_a_name_that_is_put_is_text_without_nul() -> None:
    event = changed({"op": "rename", "from": "data.x", "to": "user_id"}, {"x": "an\0n"})
    assert (event.data, event.user_id) == ({}, "ann")


@each(["data.x", "data.x.deeper"])
def test_a_rename_that_leads_nowhere_loses_nothing(source: str) -> None:
    data = {"x": 1, "y": "in the way"}
    assert changed({"op": "rename", "from": source, "to": "data.y.z"}, data).data == data


@each([(0, "secret", "******"), (4, "12345678", "****5678"), (4, "ab", "*b")])
def test_a_rule_masks_all_but_an_end_of_at_most_a_half(keep: int, text: str, seen: str) -> None:
    assert changed(DROP | {"op": "mask", "keep": keep}, {"x": text}).data == {"x": seen}


def test_a_rule_hashes_a_number_as_its_text() -> None:
    assert changed(DROP | {"op": "hash"}, {"x": 5}).data == {"x": "#5"}


def test_as_many_rules_are_taken_as_are_promised() -> None:
    rules = [DERIVE] * MAX_DERIVING_RULES + [DROP] * (MAX_RULES - MAX_DERIVING_RULES)
    assert len(compile_rules(rules)) == MAX_RULES


@each(
    [
        ({}, "a list of at most 100"),
        ([DROP] * (MAX_RULES + 1), "a list of at most 100"),
        ([DERIVE] * (MAX_DERIVING_RULES + 1), "At most 20 rules may derive values"),
        ([DROP, "drop"], "Rule 1: `op` must be one of rename, derive"),
        ([{"op": "keep"}], "`op` must be one of"),
        ([{"op": ["drop"]}], "`op` must be one of"),
        ([{"op": "drop"}], "`path` is missing"),
        ([DERIVE | {"path": "data.x"}], "`path` is not a member"),
        ([DROP | {"path": "event_id"}], "A path begins with data"),
        ([DROP | {"path": "data..x"}], "A path begins with data"),
        ([DROP | {"path": ["data", "x"]}], "A path begins with data"),
        ([DROP | {"path": "data" + ".x" * 8}], "A path begins with data"),
        ([DROP | {"path": "data." + "x" * 300}], "A path begins with data"),
        ([DROP | {"path": "data"}], "`data` and `metadata` never do"),
        ([DROP | {"path": "user_id.x"}], "stand alone"),
        ([DERIVE | {"as": "md5"}], "`as` must be one of host"),
        ([DERIVE | {"as": []}], "`as` must be one of host"),
        ([DROP | {"op": "mask", "keep": 21}], "from 0 to 20"),
        ([DROP | {"op": "mask", "keep": True}], "from 0 to 20"),
        ([DROP | {"type": ""}], "the name of a type"),
        ([DROP | {"type": 5}], "the name of a type"),
    ]
)
def test_rules_that_cannot_work_are_refused_with_a_sentence(sent: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        compile_rules(sent)


# -- names among one's own data -------------------------------------------------------------------


@each([(5, "5"), ("s", "s"), ("", None), ([], None), ("x" * 201, None), ("\0", None)])
def test_a_session_among_the_data_is_one_if_it_can_be(sent: object, kept: str | None) -> None:
    event = read({"event_type": "seen", "data": {"session_id": sent}}, "event", 7)
    assert (event.session_id, event.ts) == (kept, 7)
