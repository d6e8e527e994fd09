"""Whatever goes wrong in a handler is told in a sentence, and whether to try again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from collab.jobs.context import JobContext
from collab.jobs.handlers import host
from tests.support.handlers import (
    Call,
    refused,
    said,
)

# -- failing ---------------------------------------------------------------------------------------


def test_an_exception_fails_the_attempt_with_its_name(call: Call) -> None:
    error = refused(call, "def handler(event, context): raise ValueError('no such row')")
    assert (error.code, str(error), error.retry) == (
        "handler_error",
        "ValueError: no such row",
        True,
    )


def test_the_traceback_goes_to_the_log_without_our_frames_and_folders(
    call: Call, ctx: JobContext, tmp_path: Path
) -> None:
    refused(call, "def handler(event, context):\n    raise ValueError('no such row')")
    log = said(ctx, "log")
    assert 'File "made.py", line 2, in handler' in log
    assert "host.py" not in log
    assert str(tmp_path) not in log


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def handler(event, context): return 1 +", "SyntaxError: "),
        ("import no_such_module", "ModuleNotFoundError: "),
        ("import sys\ndef handler(event, context): sys.exit('bye')", "SystemExit: bye"),
        ("def handler(event, context): raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def handler(event, context): return handler(event, context)", "RecursionError: "),
        ("def handler(): pass", "TypeError: "),
    ],
)
def test_whatever_is_raised_is_told(call: Call, source: str, message: str) -> None:
    error = refused(call, source)
    assert (error.code, error.retry) == ("handler_error", True)
    assert str(error).startswith(message)


def test_an_error_may_say_that_another_attempt_is_in_vain(call: Call) -> None:
    source = """
        class Wrong(Exception): retry = False
        def handler(event, context): raise Wrong("for good")
    """
    error = refused(call, source)
    assert (error.code, str(error), error.retry) == ("handler_error", "Wrong: for good", False)


def test_a_handler_may_give_up_with_a_code_of_its_own(call: Call) -> None:
    source = "def handler(event, context): context.fail('No such row.', code='no_row')"
    error = refused(call, source)
    assert (error.code, str(error), error.retry) == ("no_row", "No such row.", False)


def test_a_file_without_a_handler_is_refused(call: Call) -> None:
    assert refused(call, "handler = 5").code == "no_handler"


@pytest.mark.parametrize(
    "returned",
    ["'text'", "[1]", "{'a': {1, 2}}", "{'a': b'x'}", "{'a': float('nan')}", "{'a': '\\ud800'}"],
)
def test_what_is_no_json_object_is_refused(call: Call, returned: str) -> None:
    error = refused(call, f"def handler(event, context): return {returned}")
    assert (error.code, error.retry) == ("bad_result", False)


@pytest.mark.parametrize("levels", [220, 990, 100_000])
def test_a_result_that_is_too_deep_is_refused(call: Call, levels: int) -> None:
    source = f"""
        def handler(event, context):
            value = {{}}
            for _ in range({levels}):
                value = {{"a": value}}
            return value
    """
    assert refused(call, source).code == "bad_result"


def test_a_result_over_the_limit_is_refused(call: Call) -> None:
    error = refused(call, "def handler(event, context): return {'a': 'x' * 2**20}")
    assert (error.code, error.retry) == ("result_too_large", False)


def test_a_result_just_below_the_limit_is_taken(call: Call) -> None:
    data = call("def handler(event, context): return {'a': '€' * 349_000}").data or {}
    assert len(data["a"]) == 349_000


# -- the pipe of messages --------------------------------------------------------------------------

#: Finds the descriptor, as a handler that is broken or curious might.
MISUSE = """
import os, stat
def handler(event, context):
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                send(number)
        except OSError:
            pass
    return {"late": True}
"""


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (r"b'rubbish\n'", "bad_message"),
        (r"b'\xff\xfe\n'", "bad_message"),
        (r"b'\n'", "bad_message"),
        (r"b'[]\n'", "bad_message"),
        (r"""b'{"type": "progress", "fraction": "1", "message": ""}\n'""", "bad_message"),
        (r"""b'{"type": "error", "code": 1, "message": null, "retry": 2}\n'""", "bad_message"),
        (
            r"""b'{"type": "result", "data": [], "content_type": 1, "filename": 2}\n'""",
            "bad_message",
        ),
        (r"b'[' * 5000 + b'\n'", "bad_message"),
        (r"b'x' * 3_000_000", "message_too_large"),
        (
            r"""b'{"type": "log", "line": "%s"}\n' % (b"x" * 1000) * 17_000""",
            "output_flood",
        ),
    ],
)
def test_rubbish_among_the_messages_ends_the_run(call: Call, what: str, code: str) -> None:
    error = refused(call, f"{MISUSE}\ndef send(number): os.write(number, {what})")
    assert (error.code, error.retry) == (code, False)


def test_a_handler_that_closes_the_pipe_dies_without_an_answer(call: Call) -> None:
    error = refused(call, "import os\ndef handler(event, context): os.closerange(3, 64)")
    assert error.code == "process_died"


def test_a_handler_that_closes_its_streams_still_answers(call: Call) -> None:
    source = """
        import os, sys
        def handler(event, context):
            sys.stdout.close()
            os.closerange(0, 3)
            sys.stderr = None
            return {"fine": True}
    """
    assert call(source).data == {"fine": True}


def test_programs_of_a_handler_do_not_get_the_pipe(call: Call) -> None:
    source = """
        import subprocess
        def handler(event, context):
            command = "ls -l /proc/self/fd | grep -c pipe:"
            done = subprocess.run(command, shell=True, stdout=-1, close_fds=False)
            return {"pipes": int(done.stdout)}
    """
    assert call(source).data == {"pipes": 2}  # its own stdout, and stderr


def test_a_file_that_is_no_python_has_no_handler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(host.Failure, match="not a Python file"):
        host.load(str(tmp_path / "handler.txt"))
