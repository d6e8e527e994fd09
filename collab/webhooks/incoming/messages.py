"""What a sender sent: its body as a payload, its type, its id, and whether it was signed."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import UnsupportedMediaType

from ...core.errors import Malformed, Unauthorized, invalid
from ...core.json import loads_sent
from ...core.text.nul import refuse_nul
from ...core.text.numbers import refuse_large_numbers
from ...events.types import TYPE_PATTERN
from ...frozen import frozen
from ..signing import ID_HEADER, BadSignature, verify
from .models import GITHUB, MAX_MESSAGE_ID_LENGTH, STANDARD, IncomingHook

#: Fields of a form.
MAX_FORM_FIELDS = 1000
#: The header in which GitHub, and services that follow it, name the type of a message.
GITHUB_EVENT_HEADER = "x-github-event"
GITHUB_ID_HEADER = "x-github-delivery"
GITHUB_SIGNATURE_HEADER = "x-hub-signature-256"
GITHUB_SIGNATURE_PREFIX = "sha256="

NAME_PATTERN = re.compile(TYPE_PATTERN)
MESSAGE_ID_PATTERN = re.compile(r"[\x21-\x7e]+", re.ASCII)


class BadMessageSignature(Unauthorized):
    """The message's signature is missing, wrong or too old."""

    kind = "bad-signature"


@frozen
class Sent:
    """A request to a hook's address."""

    body: bytes
    #: Names in lower case.
    headers: Mapping[str, str]
    media_type: str
    #: What the address says about the type (`?event=`).
    event: str | None


def check(hook: IncomingHook, secret: str | None, sent: Sent, now: datetime) -> None:
    """Raise BadMessageSignature unless a message is signed as the hook requires."""
    try:
        if hook.check == STANDARD:
            verify(secret or "", sent.headers, sent.body, now)
        elif hook.check == GITHUB:
            _verify_github(secret or "", sent)
    except BadSignature as error:
        raise BadMessageSignature(str(error)) from None


def _verify_github(secret: str, sent: Sent) -> None:
    made = hmac.new(secret.encode(), sent.body, "sha256").hexdigest()
    offered = sent.headers.get(GITHUB_SIGNATURE_HEADER, "")
    # In constant time, and as bytes: the header may be anything.
    if not hmac.compare_digest(offered.encode(), (GITHUB_SIGNATURE_PREFIX + made).encode()):
        raise BadSignature("The header X-Hub-Signature-256 is missing or wrong.")


def payload_of(sent: Sent) -> dict[str, Any]:
    """Return what was sent as an object: JSON, or the fields of a form.

    JSON that is not an object becomes its member `value`; no body at all is an empty object.
    Raises Malformed, UnsupportedMediaType.
    """
    if not sent.body and not sent.media_type:
        return {}
    if sent.media_type == "application/x-www-form-urlencoded":
        return _fields(sent.body)
    if sent.media_type != "application/json" and not sent.media_type.endswith("+json"):
        raise UnsupportedMediaType("Send JSON, or a form (application/x-www-form-urlencoded).")
    try:
        found = loads_sent(sent.body or b"{}")
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    refuse_nul(sent.body, found)
    refuse_large_numbers(sent.body)
    return found if isinstance(found, dict) else {"value": found}


def _fields(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict"
        )
    except ValueError:
        raise Malformed("The body is not a UTF-8 form, or has too many fields.") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Malformed("A field has a NUL character (U+0000).")
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    if list(found) == ["payload"] and isinstance(found["payload"], str):  # as GitHub sends forms
        return payload_of(Sent(found["payload"].encode(), {}, "application/json", None))
    return found


def type_of(hook: IncomingHook, sent: Sent) -> str:
    """Return the type of the event: the hook's, followed by what the sender calls the message.

    So no sender leaves the hook's own prefix. Raises Unprocessable for a word that is not a type.
    """
    named = sent.event if sent.event is not None else sent.headers.get(GITHUB_EVENT_HEADER)
    if not named:
        return hook.event_type
    if not NAME_PATTERN.fullmatch(named):
        raise invalid("query/event", "Must be words of lower-case letters and digits, joined by .")
    return f"{hook.event_type}.{named}"


def id_of(sent: Sent) -> str | None:
    """Return the sender's id of the message, if it gives one."""
    found = sent.headers.get(ID_HEADER) or sent.headers.get(GITHUB_ID_HEADER)
    if found is None or len(found) > MAX_MESSAGE_ID_LENGTH:
        return None
    # One that can't be stored is as good as none: the message is accepted, but not recognized
    # again.
    return found if MESSAGE_ID_PATTERN.fullmatch(found) else None
