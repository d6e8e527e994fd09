"""A schema's check never takes long, whoever wrote it: what would is refused before it is begun."""

from __future__ import annotations

from typing import Any

import pytest

from collab.ingest.pipeline.event_schemas import (
    MAX_PATTERN_CHARACTERS,
    MAX_PATTERNS,
    MAX_REFERENCES,
    MAX_SCHEMA_BYTES,
    MAX_SCHEMA_DEPTH,
    compile_kept,
    compile_schema,
)

from ..support.each import each

#: Hundreds of states are alive at each character of a text of its letters: 20 us each.
COSTLY_PATTERN = "(a|b){1,371}c"
ALTERNATING = "ab" * 200_000


def nested(levels: int) -> dict[str, Any]:
    """Return a schema each of whose levels goes through those within it twice."""
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"allOf": [schema], "unevaluatedProperties": {"type": "number"}}
    return schema


@each(
    [
        {"properties": {"x": {"pattern": COSTLY_PATTERN}}},
        {"patternProperties": {COSTLY_PATTERN: True}},
        {"properties": {"x": {"enum": [[number] for number in range(3000)]}}},
        {"$defs": {"x": {"pattern": COSTLY_PATTERN}}, "properties": {"x": {"$ref": "#/$defs/x"}}},
    ]
)
def test_data_that_would_take_long_is_rejected_unchecked(schema: dict[str, Any]) -> None:
    check = compile_schema(schema)
    assert "in time" in (check({"x": ALTERNATING}) or "")
    assert "in time" not in (check({"x": "ab"}) or "")


def test_what_is_usual_checks_large_data() -> None:
    names = {f"field_{number}": {"type": "string"} for number in range(15)}
    email = {"pattern": r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"}
    check = compile_schema({"type": "object", "properties": names | {"email": email}})
    assert check({"field_1": "x" * 100_000, "email": "ann@example.com"}) is None


def test_levels_that_multiply_each_other_are_refused() -> None:
    compile_schema(nested(3))
    with pytest.raises(ValueError, match="too long"):
        compile_schema(nested(15))


def test_a_kept_schema_that_is_taken_no_more_ends_no_worker() -> None:
    check = compile_kept(nested(15))
    assert "too long" in (check({}) or "")


def test_a_schema_has_only_so_many_patterns():
    def schema(count: int) -> dict[str, object]:
        named = {f"^k{one}[a-z]+$": {"pattern": f"^v{one}"} for one in range(count // 2)}
        return {"patternProperties": named}

    compile_schema(schema(MAX_PATTERNS))
    with pytest.raises(ValueError, match="at most 50 patterns"):
        compile_schema(schema(MAX_PATTERNS + 2))


def deep(levels: int) -> dict[str, Any]:
    """Return a schema that is so deep."""
    schema: dict[str, Any] = {}
    for _ in range(levels // 2):
        schema = {"properties": {"x": schema}}
    return schema


def referring(times: int) -> dict[str, Any]:
    """Return a schema in which one part is referred to so many times."""
    refers = [{"$ref": "#/$defs/x"}] * times
    return {"$defs": {"x": {"type": "string"}}, "properties": {"x": {"anyOf": refers}}}


@each(
    [
        (["object"], "must be a JSON object"),
        ({"description": "x" * MAX_SCHEMA_BYTES}, "at most 32 KiB"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "or be left out"),
        ({"type": "text"}, "At type: "),
        ({"properties": {"x": {"$ref": "#/$defs/missing"}}}, "missing' does not exist"),
        (deep(MAX_SCHEMA_DEPTH + 2), "at most 32 levels deep"),
        ({"patternProperties": {"x" * (MAX_PATTERN_CHARACTERS + 1): {}}}, "at most 300 characters"),
        ({"pattern": "x" * (MAX_PATTERN_CHARACTERS + 1)}, "at most 300 characters"),
        ({"$id": "https://example.com/x"}, "`\\$id` is not supported"),
        ({"properties": {"x": {"$anchor": "here"}}}, "`\\$anchor` is not supported"),
        ({"$ref": "https://example.com/x"}, "only to its own parts"),
        ({"$ref": "#"}, "only to its own parts"),
        (
            {"$defs": {"x": {"items": {"$ref": "#/$defs/x"}}}, "$ref": "#/$defs/x"},
            "refers to itself",
        ),
        (referring(MAX_REFERENCES + 1), "more than 200 parts"),
    ]
)
def test_a_schema_that_is_not_taken_is_told_why(schema: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        compile_schema(schema)


def test_what_is_within_the_bounds_is_taken() -> None:
    for schema in (
        deep(MAX_SCHEMA_DEPTH - 2),
        referring(MAX_REFERENCES // 2),
        {"pattern": "x" * MAX_PATTERN_CHARACTERS},
    ):
        assert compile_schema(schema)({}) is None


def test_a_mistake_is_told_with_its_place() -> None:
    check = compile_schema({"properties": {"x": {"items": {"type": "string"}}}})
    assert check({"x": ["a", 5]}) == 'data.x.1: 5 is not of type "string"'
