"""Running the engine in this process, and tables for it to run on."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from collab.processing.engine.run import process

fast = settings(max_examples=30, derandomize=True)

PLAIN = [None, True, False, 0, 1, 1.0, -0.0, 2.5, "", "a", "b", "1", "true", "é", "😀"]
INTEGERS = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = INTEGERS | FLOATS | st.integers(-3, 3) | st.sampled_from([0.1, 0.5, 1e300, 5e-324])
#: Few different ones, so that some are equal, and any others.
VALUES = st.sampled_from(PLAIN) | NUMBERS | st.text(max_size=5) | st.none()

#: Each row has `a` and `b`, and perhaps `c`.
ROW = st.fixed_dictionaries({"a": VALUES, "b": VALUES}, optional={"c": VALUES})
ROWS = st.lists(ROW, max_size=30)


def nothing(fraction: float, message: str) -> None:
    """Take progress that no test asks about."""


def run(rows: list[Any], **steps: Any) -> dict[str, Any]:
    """Return the result for rows."""
    return process({"limit": 1000, "rows": rows} | steps, None, nothing)


def run_file(content: str | bytes, name: str = "", **steps: Any) -> dict[str, Any]:
    """Return the result for a file."""
    data = content.encode() if isinstance(content, str) else content
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data")
        path.write_bytes(data)
        return process({"limit": 1000, "name": name} | steps, path, nothing)


def column(values: list[Any], **steps: Any) -> dict[str, Any]:
    """Return the profile of a column with these values."""
    return run([{"x": value} for value in values], profile=True, **steps)["columns"][0]


def as_csv(header: list[str], cells: list[list[Any]], **dialect: Any) -> str:
    """Write CSV with the standard library."""
    text = io.StringIO()
    writer = csv.writer(text, **dialect)
    writer.writerows([header, *cells])
    return text.getvalue()


def as_lines(rows: list[Any]) -> str:
    """Write JSON Lines with the standard library."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


# -- what the results are held against ------------------------------------------------------------


def place(value: Any) -> tuple[int, Any]:
    """Return the documented order's key: null, false, true, numbers, text."""
    if value is None:
        return (0, 0)
    if value is True or value is False:
        return (1, value)
    return (3, value) if isinstance(value, str) else (2, value)


def same(value: Any) -> Hashable:
    """Return what equal values share; True and 1 are not equal here."""
    return (isinstance(value, bool), value)


def numbers(values: list[Any]) -> list[Any]:
    """Return the numbers among values."""
    return [one for one in values if isinstance(one, (int, float)) and not isinstance(one, bool)]
