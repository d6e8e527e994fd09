"""What goes over the socket besides events: requests in, answers out."""

from __future__ import annotations

from typing import Any

from ...core.errors import ApiError, Malformed, Unauthorized, invalid, problem
from ...core.json import dumps, loads_sent
from ...core.schemas import MAX_ID
from ..transport.frames import text_frame

Body = dict[str, Any]

#: The area of personal tokens' scopes to which all live doors belong.
LIVE_AREA = "events"

#: Types of the socket's own messages, requests and answers, and of a stream's: members' events are
#: sent under their own type, so none may use these. Spelled as `same_type` does.
PROTOCOL_TYPES = frozenset(
    (
        *("auth", "authenticated", "token.expired"),
        *("subscribe", "subscribed", "unsubscribe", "unsubscribed"),
        *("publish", "published", "ack", "nack"),
        *("ping", "pong", "heartbeat"),
        *("error", "closing"),
    )
)

#: Topics that one message, or one address, may name.
MAX_TOPICS = 100
#: Bytes of one message.
MAX_MESSAGE_BYTES = 256 * 1024


class TooBig(ApiError):
    """A message may have at most 256 KiB."""

    status = 413


def parse(data: str | bytes) -> Body:
    """Read a message; raises Malformed, TooBig."""
    if isinstance(data, bytes):
        raise Malformed("Messages are text frames with JSON, not binary ones.")
    # A character has up to four bytes: a short text need not be encoded to know that it fits.
    if len(data) > MAX_MESSAGE_BYTES // 4 and len(data.encode()) > MAX_MESSAGE_BYTES:
        raise TooBig()
    try:
        body = loads_sent(data)
    except ValueError as error:
        raise Malformed(f"The message is not JSON: {error}.") from None
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise Malformed("A message is an object with a `type`.")
    return body


class Speech:
    """How a door says what is not an event: here as an object of JSON in a text frame."""

    def payload(self, kind: str, request: Body | None = None, **members: Any) -> bytes:
        """Write an answer as the text of a message; it repeats the request's `ref`."""
        body: Body = {"type": kind} | members
        if request and "ref" in request:
            body["ref"] = request["ref"]
        return dumps(body)

    def answer(self, kind: str, request: Body | None = None, **members: Any) -> bytes:
        """Write an answer as a frame."""
        return text_frame(self.payload(kind, request, **members))

    def refusal(self, error: ApiError, request: Body | None = None) -> bytes:
        """Write an error as a frame: the members of problem+json, except for `type`."""
        members = problem(error)
        # On a socket, `type` says what kind of message it is.
        del members["type"]
        return self.answer("error", request, **members)

    def last_words(self, code: int, reason: str) -> bytes:
        """Write what is said before a close frame, if anything."""
        return b""


JSON_SPEECH = Speech()
answer = JSON_SPEECH.answer
refusal = JSON_SPEECH.refusal


def token_of(request: Body) -> str:
    """Return the token of an `auth` message; raises Unauthorized."""
    token = request.get("token")
    if not isinstance(token, str):
        raise Unauthorized("`auth` needs a `token`.")
    return token


def topic_of(request: Body, default: str | None = None) -> str:
    """Return the topic that a message means; raises Unprocessable."""
    project_id = request.get("project_id", request.get("projectId"))
    if project_id is not None:
        return f"project:{project_id}"
    topic = request.get("topic", default)
    if not isinstance(topic, str):
        raise invalid("topic", "Say which topic: send `topic` or `project_id`.")
    return topic


def topics_of(request: Body) -> list[str]:
    """Return the topics that a message means, each once; raises Unprocessable."""
    topics = request.get("topics")
    if topics is None:
        return [topic_of(request)]
    if {"topic", "project_id", "projectId"} & request.keys():
        raise invalid("topics", "Send `topics` or one topic, not both.")
    if not _is_topics(topics):
        raise invalid("topics", f"Must be a list of 1 to {MAX_TOPICS} topics.")
    # In the order in which they were named, so that the answers come in it.
    return list(dict.fromkeys(topics))


def _is_topics(topics: object) -> bool:
    if not isinstance(topics, list) or not 0 < len(topics) <= MAX_TOPICS:
        return False
    return all(isinstance(topic, str) for topic in topics)


def about(request: Body) -> tuple[str, str]:
    """Return for the audit what a message wanted: its method and its target."""
    project_id = request.get("project_id", request.get("projectId"))
    topic = request.get("topic", "") if project_id is None else f"project:{project_id}"
    return "WEBSOCKET", f"{str(request['type'])[:100]} {str(topic)[:100]}".rstrip()


def after_of(request: Body) -> int | None:
    """Return the id to resume after, if any; raises Unprocessable."""
    after = request.get("after")
    if after is None:
        return None
    if isinstance(after, str) and after.isascii() and after.isdigit() and len(after) < 20:
        after = int(after)
    if type(after) is not int or not 0 <= after <= MAX_ID:
        raise invalid("after", "Must be the id of an event (of one without `signal`).")
    return after
