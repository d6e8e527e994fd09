"""JSON by orjson: fast, and strict where the standard library is not.

It refuses NaN, infinities, lone surrogates and more than 1,024 levels, all of which `json` lets in
and a reader of our answers could not take (RFC 8259).
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

OPTIONS = orjson.OPT_UTC_Z

#: Levels that are left for what somebody's JSON is shown in; orjson writes 254 in all.
HEADROOM = 54


def dumps(value: Any) -> bytes:
    """Write JSON as UTF-8; raises TypeError for what JSON can't say."""
    return orjson.dumps(value, option=OPTIONS)


def loads(data: bytes | str) -> Any:
    """Read JSON; raises ValueError."""
    return orjson.loads(data)


def loads_sent(data: bytes | str) -> Any:
    """Read what somebody sent; raises ValueError, also where it is too deep to be written again."""
    value = loads(data)
    probe = value
    for _ in range(HEADROOM):
        probe = [probe]
    try:
        dumps(probe)
    except TypeError:
        raise ValueError("more than 200 levels deep") from None
    return value


class OrjsonProvider(JSONProvider):
    """Flask's door to orjson."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write text, as Flask asks for it."""
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read text or bytes."""
        return loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with JSON, without the detour over text."""
        body = dumps(self._prepare_response_obj(args, kwargs))
        return Response(body, mimetype="application/json")
