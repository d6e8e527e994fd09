"""`Idempotency-Key`: a repeated POST is carried out once and answered twice.

`core/idempotency.py` keeps the keys and their answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from tempfile import TemporaryFile
from typing import IO, Any, ParamSpec

from flask import Response, g, request

from .. import idempotency
from ..counting.networks import network_of
from ..errors import Malformed
from ..security import ANSWERS
from ..slots import setting
from ..storage.blobs import PIECE_BYTES
from .caller import optional_caller, present
from .traits import Trait, mark

P = ParamSpec("P")

KEY_PATTERN = re.compile(r"[\x21-\x7e]{1,255}")
STORED_HEADERS = ("Content-Type", "ETag", "Location", "Cache-Control", "Set-Cookie")


def idempotent(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer a repeated request with the first answer; stands above what reads the body."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = present()[0].headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        try:
            claim_id, answer = _claim(key)
            if answer is not None:
                return _replay(answer)
            return _carry_out(claim_id, lambda: view(*args, **kwargs))
        finally:
            if "kept_body" in g:
                g.pop("kept_body").close()

    return mark(wrapper, Trait.IDEMPOTENT)


def _claim(key: str) -> tuple[int, dict[str, Any] | None]:
    """Claim the key for the present request, or return the answer that was given before."""
    if not KEY_PATTERN.fullmatch(key):
        raise Malformed("An Idempotency-Key is 1 to 255 visible ASCII characters.")
    found = optional_caller()
    # By person: nobody gets another person's answer by guessing their key.
    scope = f"user:{found.user_id}" if found else f"address:{network_of(request.remote_addr)}"
    # The rule, not the path, which is in the fingerprint: a key used for two things is refused.
    route = f"{request.method} {request.url_rule}"
    return idempotency.claim(_fingerprints(), found, scope=scope, route=route, key=key)


def _carry_out(claim_id: int, view: Callable[[], Response]) -> Response:
    response, rights = idempotency.carry_out(claim_id, view)
    # Only successes are kept: a refusal changes nothing, and may be corrected with the same key.
    if response.status_code < 300:
        answer = {
            "status": response.status_code,
            "headers": {name: response.headers.get(name) for name in STORED_HEADERS},
            "body": response.get_data(as_text=True),
        }
        idempotency.store(claim_id, answer, rights)
    else:  # nothing was changed, so the same key may try again
        idempotency.give_back(claim_id)
    return response


def _replay(answer: dict[str, Any]) -> Response:
    headers = {name: value for name, value in answer["headers"].items() if value}
    return Response(answer["body"], answer["status"], headers | {"Idempotency-Replayed": "true"})


def _fingerprints() -> tuple[str, ...]:
    """Tag the request under each key; keyed, since a body may hold a password.

    On routes with a larger limit the body is read in pieces, and kept in a file for the route to
    read again.
    """
    path = request.full_path.encode() + b"\n"
    # An ordinary body fits into memory, where the route reads it again.
    if request.max_content_length == setting("MAX_CONTENT_LENGTH"):
        return ANSWERS.here().tag(path, [request.get_data()])
    kept = TemporaryFile(dir=setting("INSTANCE_PATH"))  # noqa: SIM115
    g.kept_body = kept
    tags = ANSWERS.here().tag(path, _copied(request.stream, kept))
    g.kept_bytes = kept.tell()
    kept.seek(0)
    request.stream = kept
    return tags


def _copied(source: IO[bytes], target: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(PIECE_BYTES):
        target.write(piece)
        yield piece
