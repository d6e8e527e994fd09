"""Authlib's requests, sent as all requests to other servers are: bounded in time and size.

What is asked of a provider for one answer of ours (metadata, a token, keys, who somebody is) has
one deadline for all of it, and few ask at once: a provider that is slow must not hold all threads.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from ...core.outbound.client import Client
from ...core.outbound.errors import TookTooLong
from ...core.outbound.urls import parse
from ...core.slots import setting
from ..problems import ProviderFailed, ProvidersBusy

#: Bytes of an answer; metadata and keys of large providers have some 10 kB.
MAX_ANSWER_BYTES = 256 * 1024
#: Answers of a process at once that wait for providers.
TALKS_AT_ONCE = 8
_places = threading.BoundedSemaphore(TALKS_AT_ONCE)
#: When what is going on must be over (monotonic seconds).
_until: ContextVar[float] = ContextVar("until")
#: What a provider is told of a request; the rest `requests` adds for itself.
SENT_HEADERS = ("Accept", "Authorization", "Content-Type", "User-Agent")


@contextmanager
def bounded() -> Iterator[None]:
    """Give all that is asked within OAUTH_TIMEOUT_SECONDS; raises ProvidersBusy."""
    if not _places.acquire(blocking=False):
        raise ProvidersBusy()
    token = _until.set(time.monotonic() + setting("OAUTH_TIMEOUT_SECONDS"))
    try:
        yield
    finally:
        _until.reset(token)
        _places.release()


class _Outside(BaseAdapter):
    """Sends what Authlib asks; a provider's addresses are the operator's, and may be private."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request; raises OutboundError, BadAddress, ProviderFailed."""
        if (left := _until.get() - time.monotonic()) <= 0:
            raise TookTooLong("The answer did not come in time.")
        headers = {key: str(one) for key, one in request.headers.items() if key in SENT_HEADERS}
        body = request.body or b""
        answer = Client(allow_private=True).send(
            request.method or "GET",
            parse(request.url or "", allow_private=True),
            deadline_s=left,
            headers=headers,
            body=body if isinstance(body, bytes) else str(body).encode(),
            max_answer_bytes=MAX_ANSWER_BYTES,
        )
        if answer.truncated:
            raise ProviderFailed("The provider's answer is too long.")
        made = Response()
        made.status_code, made.url, made.request = answer.status, request.url or "", request
        made.headers.update(answer.headers)
        made.raw, made.encoding = io.BytesIO(answer.body), "utf-8"
        return made

    def close(self) -> None:
        """Do nothing: no connection is kept."""


class Session(OAuth2Session):  # type: ignore[misc]
    """Authlib's session, which goes where it is sent and nowhere else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.trust_env = False  # a .netrc has passwords for other programs
        self.adapters.clear()
        self.mount("https://", _Outside())
        self.mount("http://", _Outside())

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send a request."""
        answer: Response = super().request(
            method, url, *args, **kwargs | {"allow_redirects": False}
        )
        return answer
