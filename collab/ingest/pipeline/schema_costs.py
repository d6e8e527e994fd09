"""The maximum cost of checking a byte of data against a JSON Schema, known before any data is.

No check can be interrupted: it runs in a library that holds the GIL, at the door that of the whole
server. So data that would take long is not checked at all, and rejected with that reason.
"""

from __future__ import annotations

from typing import Any

#: Nanoseconds that each part of a schema takes for each byte of data: 3 to 7 measured, for `enum`
#: and `anyOf` with thousands of members.
PART_NS = 10.0
#: The same for a pattern, by its compiled size in bytes: 0.05 to 0.6 measured, for repeated classes
#: and alternatives over texts that match them as far as they can.
PATTERN_BYTE_NS = 0.25
#: Powers of two between which a compiled pattern's size is searched for.
PATTERN_POWERS = range(6, 21)
#: The factor for parts within such a keyword, which goes through them again (3.2 measured).
UNEVALUATED_FACTOR = 4
UNEVALUATED_KEYWORDS = ("unevaluatedProperties", "unevaluatedItems")


def cost_of(schema: dict[str, Any]) -> float:
    """Return nanoseconds for each byte of data; its references must not be circular."""
    return _Costs(schema.get("$defs", {})).of({**schema, "$defs": {}})


class _Costs:
    def __init__(self, parts: dict[str, Any]) -> None:
        self._parts = {f"#/$defs/{name}": part for name, part in parts.items()}
        self._known: dict[str, float] = {}
        self._patterns: dict[str, float] = {}

    def of(self, value: Any) -> float:
        if isinstance(value, list):
            return sum(PART_NS + self.of(inner) for inner in value)
        if not isinstance(value, dict):
            return 0.0
        total = sum(PART_NS + self._of_member(name, inner) for name, inner in value.items())
        for keyword in UNEVALUATED_KEYWORDS:
            if keyword in value:
                total *= UNEVALUATED_FACTOR
        return total

    def _of_member(self, name: str, value: Any) -> float:
        if name == "pattern" and isinstance(value, str):
            return self._of_pattern(value)
        if name == "$ref" and isinstance(value, str):
            if value not in self._known:
                self._known[value] = self.of(self._parts.get(value))
            return self._known[value]
        total = self.of(value)
        if name == "patternProperties" and isinstance(value, dict):
            total += sum(map(self._of_pattern, value))
        return total

    def _of_pattern(self, pattern: str) -> float:
        if pattern not in self._patterns:
            size = next((2**power for power in PATTERN_POWERS if _fits(pattern, 2**power)), 2**20)
            self._patterns[pattern] = PATTERN_BYTE_NS * size
        return self._patterns[pattern]


def _fits(pattern: str, size: int) -> bool:
    """Return whether a pattern takes no more bytes than this when compiled."""
    import jsonschema_rs  # large, and only needed where there are schemas

    options = jsonschema_rs.RegexOptions(size_limit=size, dfa_size_limit=size)
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except jsonschema_rs.ValidationError:
        return False
    return True
