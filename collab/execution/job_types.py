"""The job type `code_execution`: code that somebody sent, run in the sandbox."""

from __future__ import annotations

from typing import Any, NoReturn

from ..core.caller import Caller
from ..core.errors import Unavailable
from ..core.slots import setting
from ..jobs.context import FatalError, JobContext, Result, Stopped
from ..jobs.registry import job_type
from . import workspace
from .boxes.box import SandboxError
from .hints import hint
from .languages import LANGUAGES
from .outcome import Outcome
from .placed import Files
from .running import Listener
from .sandbox import RETRY_S, SANDBOX, Sandbox
from .schemas import CodeIn

#: Seconds for one job, including the wait for a free place; the code itself has less.
TIMEOUT_S = 60

SENTENCES = {
    "timeout": "The code ran longer than {seconds:g} s and was stopped.",
    "output_limit": "The code wrote more than 1 MiB and was stopped.",
    "file_limit": "The code made more than 4,096 files and was stopped.",
    "memory_limit": "The code held more than 264 MiB of memory and was stopped.",
}


def _sandbox() -> Sandbox:
    return SANDBOX.here()


def _unavailable(language: str | None = None) -> str | None:
    """Return why code can't be run; where other processes run jobs, only their sandboxes count."""
    return _sandbox().unavailable(language) if setting("JOB_WORKERS") else None


def _admit(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse a language that can't be run here."""
    reason = _unavailable(payload["language"])
    if reason:
        raise Unavailable(reason, retry_after=int(RETRY_S))
    if payload.get("workspace_id") is not None:
        workspace.admit(payload["workspace_id"], project_id, caller)


@job_type(
    "code_execution",
    payload=CodeIn,
    timeout_s=TIMEOUT_S,
    max_attempts=1,
    repeatable=False,
    admit=_admit,
    unavailable=_unavailable,
    at_once=lambda: int(setting("CODE_AT_ONCE")),
    feature="code_execution",
)
def execute(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Run code in a sandbox: Python or JavaScript, with files next to it.

    Code that ends on its own, with any exit code, has a result. Raises FatalError (`timeout`,
    `output_limit`, `file_limit`, `memory_limit`: with the output so far; `sandbox`), or Stopped.
    """
    sandbox = _sandbox()
    reason = sandbox.unavailable(payload["language"])
    if reason:
        raise FatalError("unavailable", reason)
    files, left_out = _files(payload)
    with sandbox.place(ctx.check):
        wall_s = min(sandbox.wall_s, ctx.remaining_s)
        try:
            outcome = sandbox.run(
                *(LANGUAGES[payload["language"]], payload["code"], wall_s, payload.get("stdin")),
                Listener(ctx.output, ctx.on_stop),
                files,
            )
        except SandboxError as error:
            ctx.check()
            raise FatalError("sandbox", str(error)) from error
    return _judged(ctx, outcome, wall_s, left_out)


def _files(payload: dict[str, Any]) -> tuple[Files, int]:
    """Return the files next to the code, and for how many of the workspace there was no room."""
    if payload.get("workspace_id") is not None:
        main = payload["path"]
        shown, left_out = workspace.beside(payload["workspace_id"], main)
        return Files(main=main, shown=shown), left_out
    own = {path: text.encode() for path, text in (payload.get("files") or {}).items()}
    return Files(own=own), 0


def _judged(ctx: JobContext, outcome: Outcome, wall_s: float, left_out: int) -> Result:
    """Return the result of code that ended on its own; raises for code that was stopped."""
    missed = hint(outcome)
    more = {"hint": missed} if missed else {}
    result = Result(data=outcome.data() | more | ({"files_left_out": left_out} if left_out else {}))
    if outcome.stopped is not None:
        _fail(outcome.stopped, result, wall_s)
    # The job's time may be over a moment before ours; the code has been killed then, too.
    if ctx.stop_reason == "timeout":
        _fail("timeout", Result(data=outcome.data() | {"stopped": "timeout"}), wall_s)
    if ctx.stop_reason is not None:
        raise Stopped(ctx.stop_reason)
    return result


def _fail(code: str, result: Result, wall_s: float) -> NoReturn:
    raise FatalError(code, SENTENCES[code].format(seconds=wall_s), result=result)
