"""A handler is called in a process of its own, and heard while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab.jobs.context import JobContext, Result
from collab.jobs.handlers.conversation import run_handler
from tests.support.handlers import (
    Call,
    Running,
    context,
    refused,
    said,
    written,
)
from tests.support.waiting import eventually

# -- calling ---------------------------------------------------------------------------------------


def test_a_handler_gets_the_event_and_returns_a_result(call: Call) -> None:
    source = (
        "def handler(event, context): return {'twice': event['n'] * 2, 'text': 'ünï\\U0001f600'}"
    )
    assert call(source, {"n": 21}) == Result({"twice": 42, "text": "ünï\U0001f600"})


def test_a_large_event_arrives_whole(call: Call) -> None:
    source = "def handler(event, context): return {'size': len(event['text'])}"
    assert call(source, {"text": "x" * 3_000_000}).data == {"size": 3_000_000}


def test_a_handler_may_return_nothing(call: Call) -> None:
    assert call("def handler(event, context): pass") == Result(None)


def test_the_context_says_what_a_lambda_context_says(call: Call) -> None:
    source = """
        def handler(event, context):
            return {
                "name": context.function_name,
                "request": context.aws_request_id,
                "memory": context.memory_limit_in_mb,
                "time": context.get_remaining_time_in_millis(),
            }
    """
    data = call(source, memory_mb=200, function_name="counter").data or {}
    assert 0 < data.pop("time") < 60_000
    assert data == {"name": "counter", "request": "job-7-2", "memory": 200}


def test_a_function_is_called_after_its_file_unless_named(call: Call) -> None:
    source = "def handler(event, context): return {'name': context.function_name}"
    assert call(source).data == {"name": "made"}


def test_a_handler_reads_its_inputs(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("content")
    source = "def handler(event, context): return {'read': open(context.inputs['it']).read()}"
    assert call(source, inputs={"it": path}).data == {"read": "content"}


def test_a_handler_imports_files_beside_it(call: Call, tmp_path: Path) -> None:
    written(tmp_path, "VALUE = 5", "beside_it")
    source = """
        from dataclasses import dataclass
        import beside_it

        @dataclass
        class Point:
            x: "int"

        def handler(event, context): return {"value": beside_it.VALUE, "x": Point(1).x}
    """
    assert call(source).data == {"value": 5, "x": 1}


def test_nothing_is_written_beside_a_handler(call: Call, tmp_path: Path) -> None:
    written(tmp_path, "VALUE = 5", "beside_it")
    call("import beside_it\ndef handler(event, context): pass")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside_it.py", "made.py", "temp"]


def test_handlers_of_many_threads_do_not_meet(tmp_path: Path) -> None:
    path = written(tmp_path, "def handler(event, context): return event")
    answers: dict[int, Any] = {}

    def run(number: int) -> None:
        answers[number] = run_handler(context(), path, {"number": number}).data

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: {"number": number} for number in range(4)}


# -- what a handler says ---------------------------------------------------------------------------


def test_what_a_handler_says_arrives_while_it_runs(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    source = """
        import os, sys, time
        def handler(event, context):
            context.progress(0.5, "half way")
            context.log("a line")
            print("printed")
            print("complained", file=sys.stderr)
            while not os.path.exists(event["go"]):
                time.sleep(0.01)
    """
    running = start(source, {"go": str(tmp_path / "go")})
    for what in ("half way", "a line\n", "printed\n", "complained\n"):
        eventually(lambda what=what: running.heard(what))
    (tmp_path / "go").touch()
    assert running.outcome() == Result(None)


def test_each_stream_keeps_its_name(call: Call, ctx: JobContext) -> None:
    call(
        "import sys\n"
        "def handler(event, context):\n"
        "    print('out', end='')\n"
        "    print('err', end='', file=sys.stderr)\n"
        "    context.log('log')\n"
    )
    told = {one.stream: one.text for one in ctx.take_report().said}
    assert told == {"stdout": "out", "stderr": "err", "log": "log\n"}


def test_what_a_handlers_programs_print_is_heard_too(call: Call, ctx: JobContext) -> None:
    call("import os\ndef handler(event, context): os.system('echo from below')")
    assert said(ctx, "stdout") == "from below\n"


def test_characters_that_are_cut_between_reads_stay_whole(call: Call, ctx: JobContext) -> None:
    source = """
        import os, time
        def handler(event, context):
            for byte in "ü€😀".encode():
                os.write(1, bytes([byte]))
                time.sleep(0.01)
    """
    call(source)
    assert said(ctx, "stdout") == "ü€😀"


def test_bytes_that_are_no_text_are_replaced(call: Call, ctx: JobContext) -> None:
    call("import os\ndef handler(event, context): os.write(1, b'a\\xff\\xfeb\\xe2')")
    assert said(ctx, "stdout") == "a��b�"


def test_half_a_surrogate_pair_does_no_harm(call: Call, ctx: JobContext) -> None:
    source = """
        def handler(event, context):
            context.log("log \\ud800")
            context.progress(0.5, "progress \\ud800")
            print("print \\ud800")
            raise ValueError("error \\ud800")
    """
    assert str(refused(call, source)) == "ValueError: error ?"


class Counting(JobContext):
    """Counts how often it is told of progress."""

    told = 0

    def progress(self, fraction: float, message: str = "") -> None:
        self.told += 1
        super().progress(fraction, message)


def test_much_progress_is_thinned_out_and_the_last_is_kept(tmp_path: Path) -> None:
    ctx = Counting(job_id=1, attempt=1, owner_id=1, project_id=None, timeout_s=60)
    source = """
        def handler(event, context):
            for number in range(100_001):
                context.progress(number / 100_000, f"row {number}")
    """
    run_handler(ctx, written(tmp_path, source), {})
    report = ctx.take_report()
    assert (report.progress, report.message) == (1.0, "row 100000")
    assert ctx.told < 1000


@pytest.mark.parametrize(
    "fraction",
    ["-1", "2", "float('nan')", "float('inf')", "True", "__import__('decimal').Decimal('0.5')"],
)
def test_odd_fractions_are_within_0_and_1(call: Call, ctx: JobContext, fraction: str) -> None:
    call(f"def handler(event, context): context.progress({fraction})")
    assert 0 <= (ctx.take_report().progress or 0) <= 1
