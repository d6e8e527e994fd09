"""What code missed in the sandbox, in a sentence: its own error message names something else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .outcome import Outcome

#: Characters at each stream's end that are looked at: an error is written last.
LOOKED_AT_CHARACTERS = 4000

NO_NETWORK_HINT = (
    "The sandbox has no network: code can neither open connections nor look up names. Give it what "
    "it needs as `stdin` or `files`."
)
NO_PROCESSES_HINT = (
    "The sandbox starts no other processes: code may have threads, and nothing else."
)
NO_INPUT_HINT = (
    "There was no more input to read: what a program reads, such as with input(), must be "
    "given as `stdin`, one line for each read."
)
NO_PACKAGES_HINTS = {
    "python": (
        "There is no module {name} here: the sandbox has Python's standard library and the run's "
        "own files; packages such as numpy are not installed, and none can be."
    ),
    "javascript": (
        "There is no module {name} here: the sandbox has Node's own modules and the run's own "
        "files; packages of npm are not installed, and none can be."
    ),
}

PYTHON_MODULE_PATTERN = re.compile(r"ModuleNotFoundError: No module named '([^'\n]{1,100})'")
NODE_MODULE_PATTERN = re.compile(r"Cannot find (?:module|package) '([^'\n]{1,200})'")
#: Words of an error, all of which are in its text.
NETWORK_ERRORS = (
    *(("gaierror",), ("name resolution",), ("Name or service not known",), ("urlopen error",)),
    *(("EAI_AGAIN",), ("ENOTFOUND",), ("fetch failed",), ("ENETUNREACH",)),
    *(("connect EPERM",), ("listen EPERM",), ("bind EPERM",), ("send EPERM",)),
    ('socket.py", line', "Operation not permitted"),
)
PROCESS_ERRORS = (
    *(("spawn", "EPERM"), ("spawn", "EAGAIN")),
    *(("fork_exec", "Operation not permitted"), ("os.fork", "Operation not permitted")),
)
INPUT_ERRORS = (("EOFError: EOF when reading a line",),)


def hint(outcome: Outcome) -> str | None:
    """Return what the code wanted that no code gets here, as far as its output shows."""
    text = "\n".join(one[-LOOKED_AT_CHARACTERS:] for one in (outcome.stdout, outcome.stderr))
    python = outcome.language == "python"
    if found := (PYTHON_MODULE_PATTERN if python else NODE_MODULE_PATTERN).search(text):
        return NO_PACKAGES_HINTS[outcome.language].format(name=found[1])
    if _has_one_of(PROCESS_ERRORS, text):
        return NO_PROCESSES_HINT
    if _has_one_of(INPUT_ERRORS, text):
        return NO_INPUT_HINT
    return NO_NETWORK_HINT if _has_one_of(NETWORK_ERRORS, text) else None


def _has_one_of(errors: Iterable[tuple[str, ...]], text: str) -> bool:
    return any(all(word in text for word in words) for words in errors)
