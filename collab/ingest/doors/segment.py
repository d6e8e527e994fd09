"""What Segment's libraries send: batches and single messages, with the key inside or outside."""

from __future__ import annotations

import json
from typing import Any

import orjson

from ...core.errors import Malformed
from ..pipeline import formats
from ..pipeline.formats import Body, Undecodable
from .forms import SEGMENT, Sent

#: The address for several at a time.
BATCH_NAME = "batch"
KEY_MEMBER = "writeKey"
#: What a batch may say about all its messages, which may say more.
SHARED_MEMBERS = ("context", "integrations")
#: Other members that a batch's bytes can't be kept with: they would be read as one message.
REWRITTEN_FOR = frozenset((*SHARED_MEMBERS, formats.NAMING_MEMBERS[SEGMENT]))


def messages(name: str, body: bytes) -> Sent:
    """Read what was sent to one of the addresses; raises Malformed.

    The key is not kept with the messages, but what their batch says about all of them is.
    """
    is_batch = name == BATCH_NAME
    try:
        read = formats.decode(SEGMENT, body, alone=not is_batch)
    except Undecodable as error:
        raise Malformed(f"The body {error}.") from None
    if is_batch:
        _require_list(read)
        if KEY_MEMBER.encode() not in body and REWRITTEN_FOR.isdisjoint(read.around):
            # No message can have a key then: the bytes are kept as they came.
            return Sent(SEGMENT, body, read)
        shared = {
            name: one for name in SHARED_MEMBERS if isinstance(one := read.around.get(name), dict)
        }
        read.values = [_with(shared, one) for one in read.values]
    else:
        read.values = [_typed(one, name) for one in read.values]
    read.values = [_without_key(one) for one in read.values]
    return Sent(SEGMENT, _written(read.values, read.suspect), read)


def parts(sent: Sent, most: int) -> list[tuple[Sent, int]]:
    """Return what was sent, in parts of bounded numbers of messages, and how many each has."""
    values = sent.read.values
    if len(values) <= most:
        return [(sent, len(values))]
    cut = [values[start : start + most] for start in range(0, len(values), most)]
    return [
        (Sent(SEGMENT, _written(part, sent.read.suspect), sent.read), len(part)) for part in cut
    ]


def _require_list(read: Body) -> None:
    if read.alone:
        raise Malformed("The body must have a list `batch` of messages.")


def _with(shared: dict[str, dict[str, Any]], message: Any) -> Any:
    """Return a message with what its batch says about all; where both do, the message counts."""
    if not shared or not isinstance(message, dict):
        return message
    merged = dict(message)
    for name, all_have in shared.items():
        own = message.get(name)
        # Anything but an object is left to the pipeline to reject, as it was sent.
        if own is None or isinstance(own, dict):
            merged[name] = all_have | (own or {})
    return merged


def _typed(message: Any, kind: str) -> Any:
    return message | {"type": kind} if isinstance(message, dict) else message


def _without_key(message: Any) -> Any:
    if isinstance(message, dict) and KEY_MEMBER in message:
        return {name: value for name, value in message.items() if name != KEY_MEMBER}
    return message


def _written(messages: list[Any], suspect: bool) -> bytes:
    """Return messages as JSON; the pipeline finds what JSON can't say. Raises Malformed."""
    try:
        return json.dumps(messages).encode() if suspect else orjson.dumps(messages)
    except (TypeError, RecursionError):
        raise Malformed("The body is nested too deeply.") from None
