"""Which way to other processes an application has."""

from __future__ import annotations

from hashlib import blake2b, sha256

from flask import Flask

from ...core.slots import Slot
from .datagram import Datagrams
from .line import Line

#: The folder of the processes' sockets, in the instance's.
FOLDER_NAME = "processes"
#: Bytes of an installation's name.
NAME_BYTES = 12


def installation(app: Flask) -> str:
    """Return a name that the processes of an installation have in common, and no others."""
    key: bytes = app.config["SECRET_KEY"].encode()
    return blake2b(b"installation", key=sha256(key).digest(), digest_size=NAME_BYTES).hexdigest()


def _make(app: Flask) -> Line:
    url = app.config["REDIS_URL"]
    if url:
        from .redis_line import RedisLine  # the library takes long to import

        return RedisLine(url, installation(app))
    return Datagrams(app.config["INSTANCE_PATH"] / FOLDER_NAME)


LINE: Slot[Line] = Slot("line", _make)
