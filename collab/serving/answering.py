"""Answering one whole request, in a thread of the pool."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.http import wsgi

from .peer import Peer
from .refusals import Refused
from .spool import Spooled

log = logging.getLogger(__name__)


def answer(worker: Any, peer: Peer, request: Any, body: Spooled) -> bool:
    """Answer a request; tell whether the connection is good for another one."""
    out = peer.outgoing
    out.begin()
    response, environ = wsgi.create(request, out, peer.client, peer.server, worker.cfg)
    environ |= {
        "wsgi.multithread": True,
        "wsgi.input": body.file,
        "gunicorn.socket": peer.sock,
        "collab.outgoing": out,
        "collab.detach": peer.detach,
        "collab.rest": peer.gatherer.take_rest,
    }
    if not worker.alive:
        response.force_close()
    try:
        _call(worker.wsgi, response, environ)
        out.settle()
        return not response.should_close()
    except (OSError, StopIteration) as error:
        log.debug("a connection ended while it was answered: %r", error)
    except Exception:
        log.exception("a request failed outside of the application")
        if not response.headers_sent:
            out.sendall(Refused(500, "Something broke on our side.").answer())
            return False
    finally:
        body.close()
    out.close()
    return False


def _call(app: Any, response: wsgi.Response, environ: dict[str, Any]) -> None:
    pieces = app(environ, response.start_response)
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
    """Send the beginning of a stream, and leave its socket to it."""
    response.force_close()
    environ["collab.outgoing"].paced = True
    response.write(next(iter(pieces)))
    at_end = [pieces.close, environ["collab.detach"]()]
    stream.park(environ["gunicorn.socket"], chunked=response.chunked, at_end=at_end)
