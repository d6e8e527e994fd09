"""The way to other processes that an application has."""

from __future__ import annotations

from flask import Flask

from ...core.slots import Slot
from .datagram import Datagrams
from .line import Line

#: The folder of the processes' sockets, in the instance's.
FOLDER_NAME = "processes"


def _make(app: Flask) -> Line:
    url = app.config["REDIS_URL"]
    if url:
        from .redis_line import RedisLine  # the library takes long to import

        return RedisLine(url)
    return Datagrams(app.config["INSTANCE_PATH"] / FOLDER_NAME)


LINE: Slot[Line] = Slot("line", _make)
