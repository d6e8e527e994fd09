"""The system calls that the code may not make: a seccomp filter (seccomp(2)).

It is the second wall. Namespaces hide what is outside; this keeps the code inside from making
processes, from memory that no limit counts, and from the kernel's less trodden paths. `rules.py`
says what is denied, and compiles it: the compiled programs are in the repository, so that no
library is needed to run them.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import BinaryIO


@functools.cache
def program() -> bytes:
    """Return the filter as the kernel takes it (classic BPF).

    Raises RuntimeError on a processor for which no filter was compiled.
    """
    machine = os.uname().machine
    try:
        return Path(__file__).with_name(f"{machine}.bpf").read_bytes()
    except FileNotFoundError:
        raise RuntimeError(f"no filter was made for {machine}") from None


def opened() -> BinaryIO:
    """Return the filter as an open file, for one box to read."""
    file = os.fdopen(os.memfd_create("seccomp"), "w+b")
    file.write(program())
    file.seek(0)
    return file
