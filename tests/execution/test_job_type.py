"""The job type `code_execution`: results, failures, stopping, and places."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError

from collab.core.errors import Unavailable
from collab.execution import job_types, programs, sandbox
from collab.execution.boxes.box import SandboxError
from collab.execution.languages import LANGUAGES
from collab.execution.placed import MAX_FILES_BYTES
from collab.execution.programs import Installed
from collab.execution.sandbox import INSTALL_COMMAND, SANDBOX, Sandbox
from collab.execution.schemas import CodeIn
from collab.jobs.context import FatalError, JobContext, Result, Stopped
from collab.jobs.registry import JobType

from ..support.each import each
from ..support.waiting import PATIENCE, eventually
from .support import IN_BOTH, needs_bubblewrap, needs_node

HELLO = {"python": "print('Hello World')", "javascript": "console.log('Hello World')"}
FOREVER = {
    "python": "print('on'); import time; time.sleep(60)",
    "javascript": "console.log('on'); setTimeout(() => {}, 60_000)",
}


def make_app(folder: Path, **settings: Any) -> Flask:
    app = Flask("test")
    app.config.update(
        INSTANCE_PATH=folder,
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'collab.db'}",
        FEATURE_CODE_EXECUTION=True,
        JOB_WORKERS=1,
        CODE_TIMEOUT_SECONDS=5,
        CODE_AT_ONCE=2,
    )
    app.config.update(settings)
    sandbox.init_app(app)
    return app


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Return an application whose sandbox is tested with the first code, and then known to hold."""
    return make_app(tmp_path_factory.mktemp("tested"))


@pytest.fixture
def app(tested: Flask) -> Iterator[Flask]:
    with tested.app_context():
        yield tested


def context(timeout_s: float = 60) -> JobContext:
    return JobContext(job_id=1, attempt=1, owner_id=1, project_id=None, timeout_s=timeout_s)


def the_type() -> JobType:
    return job_types.execute


def execute(code: str, language: str = "python", ctx: JobContext | None = None, **more: Any) -> Any:
    payload = CodeIn().load({"language": language, "code": code} | more)
    result = job_types.execute.run(ctx or context(), payload)
    assert isinstance(result, Result)
    assert result.data is not None
    return result.data


class Running:
    """A job that runs in a thread, as in the pool."""

    def __init__(self, app: Flask, code: str, language: str = "python") -> None:
        self.ctx, self.error, self.said = context(), None, ""
        self._thread = threading.Thread(target=self._run, args=(app, code, language))
        self._thread.start()

    def _run(self, app: Flask, code: str, language: str) -> None:
        with app.app_context():
            try:
                execute(code, language, self.ctx)
            except (Stopped, FatalError) as error:
                self.error = error

    def heard(self) -> str:
        self.said += "".join(one.text for one in self.ctx.take_report().said)
        return self.said

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


def test_it_runs_at_most_once() -> None:
    found = the_type()
    assert (found.max_attempts, found.repeatable, found.payload) == (1, False, CodeIn)


# -- results --------------------------------------------------------------------------------------


#: Goes on for long enough to be looked at.
LASTING = {
    "python": "import time; time.sleep(0.5)",
    "javascript": "setTimeout(() => {}, 500)",
}


@needs_bubblewrap
@IN_BOTH
def test_the_memory_that_code_took_is_told(app: Flask, language: str) -> None:
    assert execute(LASTING[language], language)["peak_memory_kib"] > 1000


@needs_bubblewrap
@IN_BOTH
def test_hello_world_is_run(app: Flask, language: str) -> None:
    data = execute(HELLO[language], language)
    assert data.pop("duration_ms") > 0
    del data["peak_memory_kib"]  # a sample: of code as short as this it may have missed all
    assert data == {
        "language": language,
        "exit_code": 0,
        "signal": None,
        "stdout": "Hello World\n",
        "stderr": "",
        "stdout_truncated": False,
        "stderr_truncated": False,
        "stopped": None,
    }


@needs_bubblewrap
def test_any_exit_code_is_a_result(app: Flask) -> None:
    assert execute("exit(3)")["exit_code"] == 3


@needs_bubblewrap
def test_a_signal_is_a_result(app: Flask) -> None:
    data = execute("import os; os.abort()")
    assert (data["exit_code"], data["signal"], data["stopped"]) == (134, "SIGABRT", None)


@needs_bubblewrap
def test_standard_input_is_given(app: Flask) -> None:
    assert execute("print(input())", stdin="in\n")["stdout"] == "in\n"


@needs_bubblewrap
def test_output_is_told_to_the_job(app: Flask) -> None:
    ctx = context()
    execute("import sys; print('out'); print('err', file=sys.stderr)", ctx=ctx)
    said = {"stdout": "", "stderr": ""}
    for one in ctx.take_report().said:
        said[one.stream] += one.text
    assert said == {"stdout": "out\n", "stderr": "err\n"}


# -- what is stopped ------------------------------------------------------------------------------


@needs_bubblewrap
def test_the_time_of_the_setting_is_kept(tmp_path: Path) -> None:
    app = make_app(tmp_path, CODE_TIMEOUT_SECONDS=1)
    with app.app_context(), pytest.raises(FatalError, match="longer than 1 s") as caught:
        execute(FOREVER["python"])
    assert caught.value.code == "timeout"
    assert caught.value.result is not None
    data = caught.value.result.data or {}
    assert (data["stopped"], data["stdout"], data["exit_code"]) == ("timeout", "on\n", 137)


@needs_bubblewrap
def test_the_job_s_own_time_is_kept(app: Flask) -> None:
    with pytest.raises(FatalError) as caught:
        execute(FOREVER["python"], ctx=context(timeout_s=1))
    assert caught.value.code == "timeout"


@needs_bubblewrap
def test_a_job_that_the_runner_ends_for_its_time_keeps_what_it_said(app: Flask) -> None:
    running = Running(app, FOREVER["python"])
    eventually(running.heard)
    running.ctx.stop("timeout")
    running.join()
    assert isinstance(running.error, FatalError)
    assert running.error.result is not None
    assert (running.error.result.data or {})["stdout"].strip() == "on"


@needs_bubblewrap
@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("while True: print('x' * 9999)", "output_limit"),
        ("for n in range(10**9): open(str(n), 'x').close()", "file_limit"),
    ],
)
def test_what_takes_too_much_fails_with_what_there_was(app: Flask, code: str, word: str) -> None:
    with pytest.raises(FatalError) as caught:
        execute(code)
    assert caught.value.code == word
    assert caught.value.result is not None
    assert (caught.value.result.data or {})["stopped"] == word


@needs_bubblewrap
@IN_BOTH
@pytest.mark.parametrize("reason", ["cancelled", "lost", "stopping"])
def test_a_job_that_is_told_to_stop_stops(app: Flask, language: str, reason: str) -> None:
    running = Running(app, FOREVER[language], language)
    eventually(running.heard)
    running.ctx.stop(reason)
    running.join()
    assert isinstance(running.error, Stopped)
    assert str(running.error) == reason


@needs_bubblewrap
def test_a_job_that_was_told_to_stop_before_runs_nothing(app: Flask) -> None:
    ctx = context()
    ctx.stop("cancelled")
    with pytest.raises(Stopped):
        execute("print('on')", ctx=ctx)
    assert not ctx.take_report()


# -- places ---------------------------------------------------------------------------------------


@needs_bubblewrap
def test_no_more_run_at_once_than_there_are_places(app: Flask) -> None:
    first = [Running(app, FOREVER["python"]) for _ in range(2)]
    eventually(lambda: all(one.heard() for one in first))
    third = Running(app, FOREVER["python"])
    with pytest.raises(AssertionError):
        eventually(third.heard, 0.5)
    first[0].ctx.stop("cancelled")
    eventually(third.heard)
    for one in (*first, third):
        one.ctx.stop("cancelled")
        one.join()


@needs_bubblewrap
def test_a_job_that_waits_for_a_place_can_be_cancelled(tmp_path: Path) -> None:
    app = make_app(tmp_path, CODE_AT_ONCE=1)
    first = Running(app, FOREVER["python"])
    eventually(first.heard)
    second = Running(app, FOREVER["python"])
    second.ctx.stop("cancelled")
    second.join()
    assert isinstance(second.error, Stopped)
    first.ctx.stop("cancelled")
    first.join()


# -- whether it can be used -----------------------------------------------------------------------


@needs_bubblewrap
@needs_node
def test_a_sandbox_that_holds_is_available(tmp_path: Path) -> None:
    with make_app(tmp_path).app_context():
        assert the_type().unavailable() is None


@needs_bubblewrap
@IN_BOTH
def test_a_sandbox_that_shows_a_secret_is_not_used(language: str) -> None:
    leaky = Sandbox(wall_s=5, at_once=2, secrets=(Path("/usr/bin/prlimit"),))
    reason = leaky.unavailable(language) or ""
    assert "it reached /usr/bin/prlimit" in reason
    assert "apt-get install bubblewrap nodejs" in reason


@needs_bubblewrap
def test_a_job_is_refused_where_the_sandbox_does_not_hold(tmp_path: Path) -> None:
    app = make_app(Path("/usr/bin"))
    payload = CodeIn().load({"language": "python", "code": "1"})
    admit = the_type().admit
    assert admit is not None
    with app.app_context(), pytest.raises(Unavailable, match="self-test"):
        admit(payload, None, None)  # type: ignore[arg-type]
    with app.app_context(), pytest.raises(FatalError, match="self-test"):
        job_types.execute.run(context(), payload)


@needs_bubblewrap
def test_where_other_processes_run_jobs_their_sandboxes_count(tmp_path: Path) -> None:
    app = make_app(Path("/usr/bin"), JOB_WORKERS=0)
    payload = CodeIn().load({"language": "python", "code": "1"})
    admit = the_type().admit
    assert admit is not None
    with app.app_context():
        admit(payload, None, None)  # type: ignore[arg-type]
        assert the_type().unavailable() is None
        with pytest.raises(FatalError, match="self-test"):
            job_types.execute.run(context(), payload)


@needs_bubblewrap
def test_the_self_test_can_be_made_ahead(tmp_path: Path) -> None:
    made: Sandbox = SANDBOX.of(make_app(tmp_path))
    made.start()
    eventually(lambda: "sandbox-self-test" not in {one.name for one in threading.enumerate()})
    assert made.unavailable("python") is None


# -- the payload ----------------------------------------------------------------------------------


@each(
    [
        {"language": "perl"},
        {"language": None},
        {"code": ""},
        {"code": "x" * (64 * 1024 + 1)},
        {"code": "ü" * (32 * 1024 + 1)},
        {"code": "\ud800"},
        {"code": 1},
        {"stdin": "x" * (64 * 1024 + 1)},
        {"stdin": "\udfff"},
        {"more": 1},
    ]
)
def test_a_bad_payload_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CodeIn().load({"language": "python", "code": "print(1)"} | change)


@each([{}, {"stdin": None}, {"stdin": ""}, {"code": "x" * 64 * 1024}])
def test_a_good_payload_is_taken(change: dict[str, Any]) -> None:
    loaded = CodeIn().load({"language": "javascript", "code": "1"} | change)
    assert loaded["stdin"] == change.get("stdin")


@each(
    [
        ({"files": {"a": ""}, "workspace_id": 1, "path": "a.py"}, "either files or workspace_id"),
        ({"files": {"main.py": ""}}, "the code itself"),
        ({"files": {"main.py/x": ""}}, "not a folder"),
        ({"files": {"a": "", "a/b": ""}}, "a folder too"),
        ({"files": {"x" * 256: ""}}, "255 bytes"),
        ({"files": {"../a": ""}}, "relative path"),
        ({"files": {"a": "\ud800"}}, "valid Unicode"),
        ({"files": {"a": "x" * MAX_FILES_BYTES}}, "at most 1 MiB"),
        ({"workspace_id": 1}, "go together"),
        ({"path": "a.py"}, "go together"),
        ({"workspace_id": 1, "path": "x" * 256}, "more than 255 bytes"),
    ]
)
def test_files_that_no_disk_takes_together_are_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        CodeIn().load({"language": "python", "code": "1"} | change)


# -- a machine that lacks something ---------------------------------------------------------------


@pytest.fixture
def bare() -> Sandbox:
    return Sandbox(wall_s=5, at_once=1)


def test_a_program_that_is_missing_is_named_with_its_package(
    bare: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PROGRAM_FOLDERS", ())
    reason = bare.missing() or ""
    assert reason.startswith("Running code needs ")
    assert INSTALL_COMMAND in reason
    assert bare.unavailable("python") == bare.unavailable() == reason
    assert bare.state == f"off: {reason}"
    with pytest.raises(SandboxError, match="gone"):
        bare.run(LANGUAGES["python"], "1", 5)


def test_another_system_than_linux_is_told(bare: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "needs Linux" in (bare.missing() or "")


@needs_bubblewrap
def test_a_language_whose_interpreter_is_missing_is_told_alone(bare: Sandbox) -> None:
    lisp = replace(LANGUAGES["python"], name="lisp", package="sbcl", find=lambda: None)
    assert "sbcl is not installed" in (bare._verdict(lisp) or "")
    with pytest.raises(SandboxError, match="gone"):
        bare.run(lisp, "1", 5)


@needs_bubblewrap
def test_a_sandbox_that_can_not_be_made_fails_its_self_test(bare: Sandbox) -> None:
    assert bare.missing() is None
    wrong = Installed("/usr/bin/false", "/usr/bin/false")
    python = replace(LANGUAGES["python"], find=lambda: wrong)
    assert "failed its self-test" in (bare._verdict(python) or "")
