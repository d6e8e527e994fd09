"""Branch coverage of processes that get nothing of the environment which they are started from.

coverage begins in each new process by a variable that it has put there. Handlers' processes and the
pipeline's worker are not given it, so all that these run would count as missed.
"""

from __future__ import annotations

import os

from collab.ingest.worker import process
from collab.jobs.handlers import supervisor

#: What coverage begins by in a process that is started (`patch = subprocess` in pyproject.toml).
VARIABLE = "COVERAGE_PROCESS_CONFIG"


def pass_on() -> None:
    """Have those processes given the variable, too, if there is one."""
    if VARIABLE in os.environ:
        supervisor.HANDLER_ENVIRONMENT[VARIABLE] = os.environ[VARIABLE]
        process.PASSED_VARIABLES += (VARIABLE,)
