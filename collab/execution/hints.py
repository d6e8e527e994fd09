"""What code missed in the sandbox, told in a sentence: its own message speaks of something else."""

from __future__ import annotations

import re

from .outcome import Outcome

#: Characters of each stream's end that are looked at: an error is the last that is written.
LOOKED_AT_CHARACTERS = 4000

NO_NETWORK_HINT = (
    "The sandbox has no network: code can neither open connections nor look up names. Give it what "
    "it needs as `stdin` or `files`."
)
NO_PROCESSES_HINT = (
    "The sandbox starts no other processes: code may have threads, and nothing else."
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

MISSING_PATTERNS = {
    "python": re.compile(r"ModuleNotFoundError: No module named '([^'\n]{1,100})'"),
    "javascript": re.compile(r"Cannot find (?:module|package) '([^'\n]{1,200})'"),
}
NETWORK_PATTERN = re.compile(
    r"gaierror|[Nn]ame resolution|Name or service not known|EAI_AGAIN|ENOTFOUND|fetch failed"
    r"|(?:connect|listen|bind|send) E(?:PERM|ACCES|NETUNREACH)"
    r"|urlopen error|URLError|/socket\.py\", line \d+(?:.|\n)*Operation not permitted"
)
PROCESSES_PATTERN = re.compile(
    r"(?:spawn|fork)\w* .*E(?:PERM|AGAIN)|_fork_exec\b(?:.|\n)*Operation not permitted"
    r"|os\.fork(?:pty)?\((?:.|\n)*Operation not permitted"
)


def hint(outcome: Outcome) -> str | None:
    """Return what the code wanted that no code gets here, as far as its output shows it."""
    text = "\n".join(one[-LOOKED_AT_CHARACTERS:] for one in (outcome.stdout, outcome.stderr))
    if found := MISSING_PATTERNS[outcome.language].search(text):
        return NO_PACKAGES_HINTS[outcome.language].format(name=found[1])
    if PROCESSES_PATTERN.search(text):
        return NO_PROCESSES_HINT
    return NO_NETWORK_HINT if NETWORK_PATTERN.search(text) else None
