"""A schema's check never takes long, whoever wrote it: what would is refused before it is begun."""

from __future__ import annotations

from typing import Any

import pytest

from collab.ingest.pipeline.event_schemas import MAX_PATTERNS, compile_kept, compile_schema

#: Hundreds of states are alive at each character of a text of its letters: 20 us each.
COSTLY_PATTERN = "(a|b){1,371}c"
ALTERNATING = "ab" * 200_000


def nested(levels: int) -> dict[str, Any]:
    """Return a schema each of whose levels goes through those within it twice."""
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"allOf": [schema], "unevaluatedProperties": {"type": "number"}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"x": {"pattern": COSTLY_PATTERN}}},
        {"patternProperties": {COSTLY_PATTERN: True}},
        {"properties": {"x": {"enum": [[number] for number in range(3000)]}}},
        {"$defs": {"x": {"pattern": COSTLY_PATTERN}}, "properties": {"x": {"$ref": "#/$defs/x"}}},
    ],
    ids=["pattern", "patterns of names", "many parts", "reference"],
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
