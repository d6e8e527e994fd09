"""Files that a job's payload may name, by the member that names them: uploads, and others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from ..core.caller import Caller
from ..core.slots import Registry
from ..frozen import frozen


@frozen
class FileSource:
    """A kind of files that jobs work on."""

    #: Refuses a job of a project on a file that the caller may not give it (422).
    admit: Callable[[int, int | None, Caller], None]
    #: Returns where the bytes are; raises LookupError when the file has been deleted.
    path_of: Callable[[int], Path]


_SOURCES: Registry[dict[str, FileSource]] = Registry("sources of files", lambda _: {})


def register(app: Flask, member: str, source: FileSource) -> None:
    """Let a member of payloads name files of a kind."""
    _SOURCES.of(app)[member] = source


def admit(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse a job on files that the caller may not give it."""
    for member, source in _SOURCES.here().items():
        if payload.get(member) is not None:
            source.admit(payload[member], project_id, caller)


def path_of(payload: dict[str, Any]) -> Path | None:
    """Return the file that a payload names, if it names one; raises LookupError."""
    for member, source in _SOURCES.here().items():
        if payload.get(member) is not None:
            return source.path_of(payload[member])
    return None


def without_files(payload: dict[str, Any]) -> dict[str, Any]:
    """Return what a payload says besides the file that it names."""
    known = _SOURCES.here()
    return {name: value for name, value in payload.items() if name not in known}
