"""A handler gets so much time, memory and output, and no more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collab.jobs.context import CUT_OFF, MAX_LOG_BYTES, JobContext, JobError, Result
from collab.jobs.handlers.conversation import run_handler
from collab.jobs.handlers.supervisor import NICER_BY
from tests.support.handlers import (
    Call,
    context,
    refused,
    said,
    written,
)


def test_a_handler_that_sleeps_too_long_is_ended(tmp_path: Path) -> None:
    path = written(tmp_path, "import time\ndef handler(event, context): time.sleep(1000)")
    with pytest.raises(JobError) as raised:
        run_handler(context(timeout_s=0.5), path, {})
    assert (raised.value.code, raised.value.retry) == ("timeout", True)


def test_an_endless_loop_that_ignores_signals_is_ended(tmp_path: Path) -> None:
    source = """
        import signal
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        def handler(event, context):
            while True: pass
    """
    with pytest.raises(JobError, match="finish in time"):
        run_handler(context(timeout_s=0.5), written(tmp_path, source), {})


def test_the_limits_are_set_before_the_handler_is_loaded(call: Call) -> None:
    source = """
        import resource as r
        KINDS = ("AS", "CPU", "FSIZE", "NOFILE", "CORE")
        LIMITS = {kind: r.getrlimit(getattr(r, "RLIMIT_" + kind)) for kind in KINDS}
        def handler(event, context): return LIMITS
    """
    limits = call(source, memory_mb=300).data or {}
    cpu = limits.pop("CPU")
    assert cpu[0] <= 61 < cpu[1] + 2
    assert limits == {
        "AS": [300 * 2**20] * 2,
        "FSIZE": [64 * 2**20] * 2,
        "NOFILE": [64, 64],
        "CORE": [0, 0],
    }


def test_a_handler_gives_way_to_the_server(call: Call) -> None:
    source = """
        import os
        def handler(event, context): return {"nice": os.nice(0)}
    """
    assert (call(source).data or {})["nice"] == min(19, os.nice(0) + NICER_BY)


@pytest.mark.parametrize(
    "hog",
    ["bytearray(10**9)", "[bytearray(2**16) for _ in range(10**9)]", "[[] for _ in range(10**9)]"],
)
def test_a_handler_that_takes_too_much_memory_is_refused_it(call: Call, hog: str) -> None:
    error = refused(call, f"def handler(event, context): return {hog}", memory_mb=128)
    assert (error.code, error.retry) == ("out_of_memory", True)
    assert "128 MiB" in str(error)


@pytest.mark.parametrize(
    ("end", "how"),
    [
        ("os.kill(os.getpid(), 9)", "signal 9"),
        ("os.killpg(0, 9)", "signal 9"),
        ("os.killpg(0, 15)", "signal 15"),
        ("os.kill(os.getppid(), 9)", "signal 9"),
        ("os.abort()", "signal 6"),
        ("ctypes.string_at(0)", "signal 11"),
        ("os._exit(0)", "exit code 0"),
        ("os._exit(3)", "exit code 3"),
    ],
)
def test_a_process_that_dies_is_told(call: Call, end: str, how: str) -> None:
    error = refused(
        call, f"import ctypes, os, time\ndef handler(event, context): {end}; time.sleep(1000)"
    )
    assert (error.code, error.retry) == ("process_died", True)
    assert str(error) == f"The handler's process ended with {how} before it answered."


def test_a_handler_that_uses_up_its_processor_time_is_out_of_time(call: Call) -> None:
    source = """
        import os, resource, signal
        def handler(event, context): os.kill(os.getpid(), signal.SIGXCPU)
    """
    assert refused(call, source).code == "timeout"


@pytest.mark.parametrize("stream", [1, 2])
def test_a_flood_ends_the_run(call: Call, ctx: JobContext, stream: int) -> None:
    source = f"""
        import os
        def handler(event, context):
            while True: os.write({stream}, b"x" * 5000)
    """
    error = refused(call, source)
    assert (error.code, error.retry) == ("output_flood", False)
    told = ctx.take_report().said
    assert len("".join(one.text for one in told if one.stream != "log")) == MAX_LOG_BYTES
    assert [one.text for one in told if one.stream == "log"] == [
        CUT_OFF.format("stdout" if stream == 1 else "stderr")
    ]


def test_much_output_does_not_hold_a_handler_up(call: Call, ctx: JobContext) -> None:
    assert call("def handler(event, context): print('x' * 900_000)") == Result(None)
    assert len(said(ctx, "stdout")) == MAX_LOG_BYTES


def test_a_flood_of_log_lines_does_no_harm(call: Call, ctx: JobContext) -> None:
    source = """
        def handler(event, context):
            for number in range(100_000): context.log(f"line {number}")
    """
    assert call(source) == Result(None)
    kept, cut_off, rest = said(ctx, "log").rpartition(CUT_OFF.format("log"))
    assert 0 < len(kept) <= MAX_LOG_BYTES + 1  # its last line is ended for it
    assert (bool(cut_off), rest) == (True, "")
