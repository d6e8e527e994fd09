"""The hub's view of a socket that speaks JSON."""

from __future__ import annotations

from typing import ClassVar

from ...events.message import Message
from ..transport.connection import WireFollower
from ..transport.frames import text_frame
from .protocol import JSON_SPEECH, Speech


class SocketFollower(WireFollower):
    """The hub's view of a socket that speaks JSON."""

    speech: ClassVar[Speech] = JSON_SPEECH

    @staticmethod
    def encode(message: Message) -> bytes:
        """Write a message as a text frame."""
        return text_frame(message.json)

    def dropped(self, topic: str, reason: str) -> None:
        """Tell the reader that they no longer follow a topic."""
        self.say(self.speech.answer("unsubscribed", topic=topic, reason=reason))
