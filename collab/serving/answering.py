"""Answering one whole request, in a thread of the pool."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from gunicorn.http import wsgi

from ..core.transactions.disk import Left, settled_later
from .holding import HOLDS_KEY, App, Held, Hold
from .messages.refusals import NOT_KEPT, Refused
from .messages.spool import Spooled
from .peer import Peer

log = logging.getLogger(__name__)

#: Methods that change something, and get a short answer (RFC 9110 §9.3).
CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def answer_later(worker: Any, peer: Peer, request: Any, body: Spooled) -> bool | Held:
    """Answer a request as `answer` does, but report no change until the caller has made sure."""
    if request.method not in CHANGING_METHODS:
        return answer(worker, peer, request, body)
    with settled_later() as peer.outgoing.left:
        return answer(worker, peer, request, body)


def make_sure(peer: Peer, stays: bool | Held) -> bool | Held:
    """Bring to disk what an answer reports; if that fails, the answer says so, and is the last."""
    out = peer.outgoing
    try:
        if out.left:
            out.left.settle()
    except OSError as error:
        log.error("a change may not be on the disk: %s", error)
        out.close()
        out.left = Left()
        out.sendall(NOT_KEPT.answer())
        return False
    return stays


def answer(worker: Any, peer: Peer, request: Any, body: Spooled) -> bool | Held:
    """Answer a request; return whether the connection may carry another, or what it waits for."""
    out = peer.outgoing
    out.begin()
    response, environ = wsgi.create(request, out, peer.client, peer.server, worker.cfg)
    environ |= {
        "wsgi.multithread": True,
        "wsgi.input": body.file,
        "gunicorn.socket": peer.sock,
        HOLDS_KEY: True,
        "collab.outgoing": out,
        "collab.detach": peer.detach,
        "collab.rest": peer.gatherer.take_rest,
    }
    try:
        return _answer(worker, peer, worker.wsgi, response, environ)
    finally:
        body.close()


def _answer(
    worker: Any, peer: Peer, app: App, response: wsgi.Response, environ: dict[str, Any]
) -> bool | Held:
    out = peer.outgoing
    # The server is stopping: the client is told to open a new connection, to its successor.
    if not worker.alive:
        response.force_close()
    try:
        _call(app, response, environ)
        if not out.left:
            out.settle()
        return not response.should_close()
    except Hold as hold:
        return Held(hold.waiting, partial(_resume, worker, peer, hold.again, response, environ))
    except (OSError, StopIteration) as error:
        log.debug("a connection ended while it was answered: %r", error)
    except Exception:
        log.exception("a request failed outside of the application")
        # After that nothing can be said: it would be read as part of the answer's body.
        if not response.headers_sent:
            out.sendall(Refused(500, "Something broke on our side.").answer())
            return False
    finally:
        # The request refers back to this: both would wait for the cyclic garbage collector.
        environ.pop("werkzeug.request", None)
    out.close()
    return False


def _resume(
    worker: Any, peer: Peer, app: App, response: wsgi.Response, environ: dict[str, Any]
) -> bool | Held:
    """Answer a request that has waited: its reader's time begins here."""
    peer.outgoing.begin()
    return _answer(worker, peer, app, response, environ)


def _call(app: App, response: wsgi.Response, environ: dict[str, Any]) -> None:
    pieces: Any = app(environ, response.start_response)
    stream = environ.get("collab.stream")
    if stream is not None and environ["REQUEST_METHOD"] == "GET":
        _hand_over(stream, response, environ, pieces)
        return
    try:
        if isinstance(pieces, environ["wsgi.file_wrapper"]):
            response.write_file(pieces)
        else:
            for piece in pieces:
                response.write(piece)
        response.close()
    finally:
        if hasattr(pieces, "close"):
            pieces.close()


def _hand_over(stream: Any, response: wsgi.Response, environ: dict[str, Any], pieces: Any) -> None:
    """Send the beginning of a stream, and hand the socket over to it."""
    response.force_close()
    environ["collab.outgoing"].paced = True
    # Only the head and the first piece: the live parts write the rest.
    response.write(next(iter(pieces)))
    at_end = [pieces.close, environ["collab.detach"]()]
    stream.park(environ["gunicorn.socket"], chunked=response.chunked, at_end=at_end)
