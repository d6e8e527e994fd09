"""The engine in its own process: streamed, with progress, and stopped when told to."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collab.jobs.context import FatalError, JobContext, Stopped
from collab.jobs.handlers.conversation import run_handler
from collab.processing.job_types import HANDLER_PROGRAM, MEMORY_MB
from tests.support.handlers import children, context, descriptors

MIB = 2**20
SIZE = 18 * MIB
#: So long that progress is told many times.
LONG_BYTES = 8 * MIB
#: Address space of a process: its code takes half, and the other half could not hold the file.
SMALL_MB = 40


class Listener(JobContext):
    """A run's context that keeps all progress that is told."""

    def __init__(self) -> None:
        super().__init__(job_id=1, attempt=1, owner_id=1, project_id=None, timeout_s=60)
        self.told: list[float] = []

    def progress(self, fraction: float, message: str = "") -> None:
        super().progress(fraction, message)
        self.told.append(fraction)


def call(path: Path, ctx: JobContext | None = None, mb: int = MEMORY_MB, **event: Any) -> Any:
    event = {"name": path.name} | event
    return run_handler(
        ctx or context(), HANDLER_PROGRAM, event, inputs={"data": path}, memory_mb=mb
    ).data


def repeated(path: Path, head: str, row: str, tail: str = "", size: int = SIZE) -> int:
    """Write a file that repeats a row; returns how often."""
    times = (size - len(head) - len(tail)) // len(row)
    with path.open("w", newline="") as file:
        file.write(head)
        file.writelines([row] * times)
        file.write(tail)
    return times


#: Rows are long: it is the bytes of a file that must not be held, and each row takes time.
WORDS = "the quick brown fox jumps over the lazy dog " * 100

FILES = {
    "csv": ("id,city,text\r\n", f'7,Köln,"{WORDS}"\r\n', ""),
    "json": ("[\n", json.dumps({"id": 7, "city": "Köln", "text": WORDS}) + ",\n", "{}]"),
    "jsonl": ("", json.dumps({"id": 7, "city": "Köln", "text": WORDS}) + "\n", ""),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_large_file_is_never_whole_in_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"data.{kind}"
    times = repeated(path, *FILES[kind])
    steps = {"group_by": ["city"], "aggregate": [{"fn": "sum", "column": "id"}], "sort": ["-city"]}
    result = call(path, mb=SMALL_MB, profile=True, **steps)
    assert result["rows"][0] == {"city": "Köln", "sum_id": 7 * times}
    assert result["columns"][2]["count"] == times


def test_a_file_that_is_one_line_is_never_whole_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    repeated(path, "", "a," * 1000)
    with pytest.raises(FatalError) as caught:
        call(path, mb=SMALL_MB)
    assert caught.value.code == "row_too_long"


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    repeated(path, *FILES["csv"], size=LONG_BYTES)
    return path


def test_progress_grows_to_one(long_file: Path) -> None:
    ctx = Listener()
    call(long_file, ctx, sort=["id"])
    assert ctx.told == sorted(ctx.told)
    assert ctx.told[-1] == 1.0
    assert len(ctx.told) > 20


def test_progress_is_told_for_rows_of_the_request() -> None:
    ctx = Listener()
    rows = [{"x": number} for number in range(10_000)]
    result = run_handler(ctx, HANDLER_PROGRAM, {"rows": rows, "aggregate": [{"fn": "count"}]})
    assert result.data is not None
    assert result.data["rows"] == [{"count": 10_000}]
    assert (ctx.told == sorted(ctx.told), ctx.told[-1]) == (True, 1.0)
    assert len(ctx.told) > 20


class Cancelled(Listener):
    """A run that is cancelled as soon as it has told something."""

    def progress(self, fraction: float, message: str = "") -> None:
        super().progress(fraction, message)
        self.stop("cancelled")


def test_a_run_that_is_cancelled_ends_and_leaves_nothing(long_file: Path) -> None:
    before, ctx = (children(), descriptors()), Cancelled()
    with pytest.raises(Stopped):
        call(long_file, ctx)
    assert len(ctx.told) == 1
    assert (set(children()) - set(before[0]), descriptors() - before[1]) == (set(), set())


def test_an_error_of_the_data_is_final_and_has_a_code(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2,3\n")
    with pytest.raises(FatalError, match="Line 2 has 3 cells") as caught:
        call(path)
    assert (caught.value.code, caught.value.retry) == ("bad_csv", False)


def test_an_error_of_the_data_leaves_no_traceback_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n")
    ctx = context()
    with pytest.raises(FatalError):
        call(path, ctx, sort=["b"])
    assert ctx.take_report().said == []


def test_what_needs_more_memory_than_there_is_fails_for_good(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("n\n" + "".join(f"{number:0400}\n" for number in range(40_000)))
    with pytest.raises(FatalError) as caught:
        call(path, mb=32, aggregate=[{"fn": "count_distinct", "column": "n"}])
    assert caught.value.code == "too_much_memory"


# -- what the process imports ---------------------------------------------------------------------


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, but for those of the engine."""
    depth = max(1, len(path.relative_to(HANDLER_PROGRAM.parent).parts) - 1)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not 1 <= node.level <= depth:
            yield "." * node.level + (node.module or "")


def test_the_engine_imports_nothing_of_the_service() -> None:
    files = [HANDLER_PROGRAM, *HANDLER_PROGRAM.with_name("engine").rglob("*.py")]
    modules = {name.split(".")[0] for path in files for name in imported(path)}
    known = sys.stdlib_module_names | {"orjson", "openpyxl", "defusedxml", "engine", "_typeshed"}
    assert modules <= known
