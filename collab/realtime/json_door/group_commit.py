"""Group commit: everything that one socket has already sent is written to disk once."""

from __future__ import annotations

from collections.abc import Callable

from ...core.caller import Caller
from ...core.errors import ApiError, translated
from ...events.message import Message
from ...extensions import db
from .. import publishing
from ..publishing import Draft
from ..transport.wire import Wire
from .protocol import Body, Speech

#: Events in one commit, and their bytes; other writers wait as long as that takes.
MAX_EVENTS_PER_COMMIT = 32
GROUP_BYTES = 512 * 1024


class Group:
    """Events that were recorded in the open transaction, and the requests to answer after it.

    An event is acknowledged after the commit. If that fails, the whole group is refused: none of it
    is in the log.
    """

    def __init__(self, wire: Wire, speech: Speech, withdrawn: Callable[[Message], None]) -> None:
        """Make one; `withdrawn` learns of messages that are not in the log after all."""
        self.wire, self._speech, self._withdrawn = wire, speech, withdrawn
        self._recorded: list[tuple[Body, Message]] = []
        self._bytes = 0

    def __len__(self) -> int:
        """Return how many are waiting for their commit."""
        return len(self._recorded)

    @property
    def full(self) -> bool:
        """Return whether it is time to commit."""
        return len(self._recorded) >= MAX_EVENTS_PER_COMMIT or self._bytes >= GROUP_BYTES

    def add(self, request: Body, what: Draft, topic: str, caller: Caller) -> Message:
        """Record an event; raises NotFound and Forbidden, which don't affect the others."""
        self._bytes += what.size
        try:
            message = publishing.add(what, topic, caller)
        except ApiError:
            raise
        except Exception as error:  # the transaction is spoilt, and with it the others
            self._refuse(error)
            raise
        self._recorded.append((request, message))
        return message

    def commit(self) -> None:
        """Write the events to disk and acknowledge them."""
        if not self._recorded:
            return
        try:
            db.session.commit()
        except Exception as error:
            self._refuse(error)
        else:
            # Acknowledged in one write, and after the commit: what is said to be published is on
            # disk.
            self.wire.push(b"".join(self._published(*one) for one in self._recorded))
            self._recorded.clear()
        finally:
            self._bytes = 0
            db.session.remove()

    def _refuse(self, error: Exception) -> None:
        db.session.rollback()
        refused, self._recorded = self._recorded, []
        for request, message in refused:
            self._withdrawn(message)
            self.wire.push(self._speech.refusal(translated(error), request))

    def _published(self, request: Body, message: Message) -> bytes:
        members = {"topic": message.topic, "id": message.public_id}
        return self._speech.answer("published", request, **members)
