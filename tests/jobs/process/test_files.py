"""The file that a handler makes, and what it can see of the server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collab.jobs.context import Result
from collab.jobs.handlers.conversation import MAX_OUTPUT_FILE_BYTES
from tests.support import measuring
from tests.support.handlers import (
    Call,
    refused,
)

# -- files -----------------------------------------------------------------------------------------


def test_the_file_that_a_handler_makes_becomes_the_body(call: Call) -> None:
    source = """
        def handler(event, context):
            open(context.output_path, "w").write("a,b")
            context.attach("text/csv; charset=utf-8", "tablé.csv")
            return {"rows": 1}
    """
    assert call(source) == Result({"rows": 1}, b"a,b", "text/csv; charset=utf-8", "tablé.csv")


def test_a_file_that_is_not_described_is_bytes(call: Call) -> None:
    source = "def handler(event, context): open(context.output_path, 'wb').close()"
    assert call(source) == Result(None, b"", "application/octet-stream", None)


def test_a_file_that_is_described_and_not_made_is_none(call: Call) -> None:
    assert call("def handler(event, context): context.attach('text/csv')").body is None


def test_a_file_may_be_as_large_as_the_limit(call: Call) -> None:
    source = "def handler(event, context): open(context.output_path, 'wb').truncate(event['n'])"
    assert len(call(source, {"n": MAX_OUTPUT_FILE_BYTES}).body or b"") == MAX_OUTPUT_FILE_BYTES


def test_a_file_over_the_limit_is_refused(call: Call) -> None:
    too_many = MAX_OUTPUT_FILE_BYTES + 1
    source = f"""
        def handler(event, context): open(context.output_path, 'wb').truncate({too_many})
    """
    error = refused(call, source)
    assert (error.code, error.retry) == ("output_too_large", False)


@pytest.mark.parametrize(
    "make",
    ["os.symlink('/etc/passwd', path)", "os.mkfifo(path)", "os.mkdir(path)"],
    ids=["a link", "a pipe", "a folder"],
)
def test_what_is_no_file_of_its_own_is_refused(call: Call, make: str) -> None:
    error = refused(
        call, f"import os\ndef handler(event, context):\n    path = context.output_path\n    {make}"
    )
    assert (error.code, error.retry) == ("bad_output", False)


@pytest.mark.parametrize(
    "said",
    ["'text/csv\\r\\nX-Evil: 1'", "'nonsense'", "'text/csv', '../up'", "'text/csv', 'a\\nb'", "5"],
)
def test_what_would_break_a_header_is_refused(call: Call, said: str) -> None:
    source = f"""
        def handler(event, context):
            open(context.output_path, "w").close()
            context.attach({said})
    """
    assert refused(call, source).code == "bad_output"


def test_temporary_files_of_a_handler_are_removed(call: Call, temp: Path) -> None:
    source = """
        import os, tempfile
        def handler(event, context):
            folder = tempfile.mkdtemp()
            open("relative", "w").write("x")
            os.chmod(folder, 0)
            return {"folder": folder}
    """
    assert str((call(source).data or {})["folder"]).startswith(str(temp))


# -- what a handler can see ------------------------------------------------------------------------


def test_the_environment_holds_nothing_of_the_servers(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET_KEY", "the-secret-of-the-server")
    source = """
        import os
        def handler(event, context):
            seen = [open(f"/proc/{pid}/environ").read() for pid in ("self", os.getppid())]
            return {"names": sorted(os.environ), "leaked": "the-secret" in str(seen)}
    """
    seen = call(source).data
    names = [one for one in seen["names"] if one != measuring.VARIABLE]
    assert (names, seen["leaked"]) == (["LANG", "PATH", "TMPDIR"], False)


def test_descriptors_of_the_server_are_not_inherited(call: Call, tmp_path: Path) -> None:
    with (tmp_path / "database").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        source = """
            import os
            def handler(event, context):
                found = {}
                for number in range(64):
                    try: found[number] = os.readlink(f"/proc/self/fd/{number}")
                    except OSError: pass
                return found
        """
        seen = call(source).data or {}
    assert len(seen) == 4
    assert not [place for place in seen.values() if "database" in place]


def test_stdin_is_empty(call: Call) -> None:
    source = """
        import os, sys
        def handler(event, context):
            return {"read": sys.stdin.read(), "place": os.readlink("/proc/self/fd/0")}
    """
    assert call(source).data == {"read": "", "place": "/dev/null"}


def test_signals_are_not_held_back(call: Call) -> None:
    source = """
        import signal
        def handler(event, context):
            return {"blocked": list(signal.pthread_sigmask(signal.SIG_BLOCK, ()))}
    """
    assert call(source).data == {"blocked": []}


@pytest.mark.skipif(
    measuring.VARIABLE in os.environ, reason="coverage imports half of the standard library"
)
def test_the_server_is_not_imported(call: Call) -> None:
    source = """
        import sys
        def handler(event, context):
            names = ("flask", "collab", "pathlib", "typing")
            return {"loaded": [name for name in names if name in sys.modules]}
    """
    assert call(source).data == {"loaded": []}


def test_what_runs_it_is_not_compiled_for_each_run(call: Call) -> None:
    """What is imported is compiled once; what is started, `__main__`, each time."""
    source = "def handler(event, context): return {'module': type(context).__module__}"
    assert call(source).data == {"module": "collab_host"}
