"""JSON Schemas of event types: checked, bounded and compiled once.

The library doesn't compile to Python, so a schema that somebody sends never becomes code; its
patterns run in linear time; and everything that a schema refers to must be in it, since nothing is
fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from .schema_costs import cost_of

#: Bytes of a schema, as JSON.
MAX_SCHEMA_BYTES = 32 * 1024
#: How deeply it may be nested.
MAX_SCHEMA_DEPTH = 32
#: Patterns in it: compiling one, and finding out its cost, takes a millisecond or two.
MAX_PATTERNS = 50
#: Characters of a pattern in it.
MAX_PATTERN_CHARACTERS = 300
#: Parts that there may be in all when each reference is replaced by its target.
MAX_REFERENCES = 200
#: Bytes that a compiled pattern may take.
MAX_PATTERN_BYTES = 2**20
#: Nanoseconds that one check may take, by its schema's cost for each byte of data.
MAX_CHECK_NS = 300_000_000
#: Bytes of data that any schema must be able to check in this time.
MIN_DATA_BYTES = 1024
#: Bytes of data that no event exceeds: no body is longer.
MAX_DATA_BYTES = 4 * 2**20
#: Characters of the message about an event's mistake.
MAX_REASON_CHARACTERS = 300
PART_PATTERN = re.compile(r"#/\$defs/[A-Za-z0-9_.-]{1,100}")
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Check = Callable[[dict[str, Any]], str | None]


def compile_schema(schema: object) -> Check:
    """Return a check of an event's data; raises ValueError with a sentence about the schema."""
    if not isinstance(schema, dict):
        raise ValueError("A schema must be a JSON object.")
    if len(orjson.dumps(schema)) > MAX_SCHEMA_BYTES:
        raise ValueError(f"A schema has at most {MAX_SCHEMA_BYTES // 1024} KiB.")
    patterns: set[str] = set()
    for path, name, value in _members(schema, (), 0):
        _check_member(path, name, value)
        if name == "pattern" and isinstance(value, str):
            patterns.add(value)
        elif path and path[-1] == "patternProperties":
            patterns.add(name)
    if len(patterns) > MAX_PATTERNS:
        raise ValueError(f"A schema has at most {MAX_PATTERNS} patterns.")
    validator = _validator(schema)
    _require_few_references(schema)
    most = int(MAX_CHECK_NS / (cost_of(schema) or 1.0))
    if most < MIN_DATA_BYTES:
        raise ValueError("Checking data against this schema would take too long.")

    def check(data: dict[str, Any]) -> str | None:
        if most < MAX_DATA_BYTES and (size := len(orjson.dumps(data))) > most:
            return f"data has {size:,} bytes, of which its schema can check {most:,} in time."
        if validator.is_valid(data):
            return None
        return _first_mistake(validator, data)

    return check


def compile_kept(schema: object) -> Check:
    """Compile a schema that was once accepted; one that no longer is rejects what it should check.

    An error would stop the worker, and so everybody's events.
    """
    try:
        return compile_schema(schema)
    except ValueError as error:
        words = f"The schema of this type of event is no longer accepted: {error}"
        return lambda _: words[:MAX_REASON_CHARACTERS]


def _validator(schema: dict[str, Any]) -> Any:
    import jsonschema_rs  # here and below: large, and only needed where there are schemas

    try:
        if schema.get("$schema", SCHEMA_DIALECT) != SCHEMA_DIALECT:
            raise ValueError(f"`$schema` must be {SCHEMA_DIALECT}, or be left out.")
        jsonschema_rs.meta.validate(schema | {"$schema": SCHEMA_DIALECT})
        options = jsonschema_rs.RegexOptions(
            size_limit=MAX_PATTERN_BYTES, dfa_size_limit=MAX_PATTERN_BYTES
        )
        return jsonschema_rs.Draft202012Validator(schema, pattern_options=options, offline=True)
    except jsonschema_rs.ValidationError as error:
        place = "/".join(map(str, error.instance_path))
        words = f"{str(error.message).rstrip('.')}."
        raise ValueError(f"At {place}: {words}" if place else words) from None
    except jsonschema_rs.ReferencingError as error:
        raise ValueError(f"A reference leads nowhere: {error}.") from None


def _members(
    value: Any, path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    if depth > MAX_SCHEMA_DEPTH:
        raise ValueError(f"A schema is at most {MAX_SCHEMA_DEPTH} levels deep.")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield path, name, inner
            yield from _members(inner, (*path, name), depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner, path, depth + 1)


def _check_member(path: tuple[str, ...], name: str, value: Any) -> None:
    if path and path[-1] == "patternProperties" and len(name) > MAX_PATTERN_CHARACTERS:
        raise ValueError(f"A pattern has at most {MAX_PATTERN_CHARACTERS} characters.")
    if not isinstance(value, str):
        return
    if name == "pattern" and len(value) > MAX_PATTERN_CHARACTERS:
        raise ValueError(f"A pattern has at most {MAX_PATTERN_CHARACTERS} characters.")
    if name in ("$dynamicRef", "$anchor", "$dynamicAnchor", "$id"):
        raise ValueError(f"`{name}` is not supported: refer to parts as `#/$defs/<name>`.")
    if name == "$ref" and not PART_PATTERN.fullmatch(value):
        raise ValueError("A schema refers only to its own parts, as `#/$defs/<name>`.")


def _require_few_references(schema: dict[str, Any]) -> None:
    """Refuse circular references, and those that double again and again."""
    parts = {f"#/$defs/{name}": part for name, part in schema.get("$defs", {}).items()}
    known: dict[str, int] = {}

    def weigh(part: Any, above: tuple[str, ...]) -> int:
        total = 0
        for _, name, value in _members(part, (), 0):
            if name == "$ref" and isinstance(value, str):
                if value in above:
                    raise ValueError(f"{value} refers to itself.")
                if value not in known:
                    known[value] = 1 + weigh(parts.get(value), (*above, value))
                total += known[value]
        if total > MAX_REFERENCES:
            raise ValueError(f"Its references add up to more than {MAX_REFERENCES} parts.")
        return total

    # Parts that are referred to are counted at their references.
    weigh({name: one for name, one in schema.items() if name != "$defs"}, ())


def _first_mistake(validator: Any, data: dict[str, Any]) -> str:
    import jsonschema_rs

    try:
        validator.validate(
            data
        )  # stops at the first; listing all may take a thousand times as long
    except jsonschema_rs.ValidationError as error:
        place = ".".join(("data", *map(str, error.instance_path)))
        return f"{place}: {error.message}"[:MAX_REASON_CHARACTERS]
    return "The data does not fit its schema."
