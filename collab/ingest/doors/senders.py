"""Who sends events: a source by its write key, or a person by the ordinary token."""

from __future__ import annotations

from flask import Flask, g, request

from ...core.counting.networks import network_of
from ...core.counting.ration import ration_slot
from ...core.errors import Forbidden, TooManyRequests, Unauthorized, invalid
from ...core.http.caller import caller
from ...frozen import frozen
from ...projects import access
from ...projects.access import Right
from ...projects.models import Project
from .. import sources
from ..keys import KEY_PREFIX, KEY_RING, Sender
from ..models import Source
from ..uses import USES

#: The endpoints that take write keys, by prefix: the parts of the package that have them.
DOOR_BLUEPRINTS = ("ingest", "segment")


class WrongKey(Unauthorized):
    """The write key is unknown, or is no longer valid."""

    kind = "wrong-write-key"


class NoKey(Unauthorized):
    """Send a source's write key: as Bearer, as the user name of Basic, or as `X-Write-Key`."""

    kind = "wrong-write-key"


class SourceOff(Forbidden):
    """This source is switched off."""

    kind = "source-off"


class SourceTooFast(TooManyRequests):
    """This source sends more requests than it may: put more events into each."""


@frozen
class Origin:
    """Where a request's events come from."""

    source_id: int
    project_id: int
    #: The person whose token was sent instead of a key.
    user_id: int | None = None


#: Requests of each source, and those of each address without a valid key in their body.
SOURCE_RATIONS = ration_slot("requests of sources", "INGEST_RATE_LIMIT", SourceTooFast)
WRONG_KEYS = ration_slot("wrong write keys", "RATE_LIMIT", TooManyRequests)


def offered_key() -> str | None:
    """Return the write key in a request's headers, if there is one."""
    if key := request.headers.get("X-Write-Key"):
        return key
    authorization = request.authorization
    if authorization is None:
        return None
    if authorization.type == "basic":
        return authorization.username or authorization.password or ""
    token = authorization.token or ""
    # By its prefix: an access token is not a wrong key, but a person's.
    return token if authorization.type == "bearer" and token.startswith(KEY_PREFIX) else None


def is_counted_by_source() -> bool:
    """Return whether a request counts for a source, and not for a person or an address.

    The owner of a valid key is noted for the route. A key in the body is counted there.
    """
    if request.blueprint not in DOOR_BLUEPRINTS or request.method != "POST":
        return False
    key = offered_key()
    if key is None:
        return request.blueprint == "segment" and request.authorization is None
    g.sender = KEY_RING.here().find(key)
    # A wrong key counts for its address: guessing must not be free.
    return g.sender is not None


def by_key() -> Origin | None:
    """Return the source of the key in the headers, None if there is none; raises WrongKey."""
    key = offered_key()
    if key is None:
        return None
    return _admitted(g.sender if "sender" in g else KEY_RING.here().find(key))


def count_unproven() -> None:
    """Count a request for its address until a valid key is found in its body (`by_key_in_body`).

    Raises TooManyRequests, before anything is read, for addresses that sent too many without one.
    """
    WRONG_KEYS.here().take(network_of(request.remote_addr))


def by_key_in_body(key: str | None) -> Origin:
    """Return the source of a key that was in the body; raises WrongKey, NoKey."""
    sender = KEY_RING.here().find(key) if key else None
    if sender is None:
        raise WrongKey() if key else NoKey()
    # The key is valid: from here on the source's own bound counts.
    WRONG_KEYS.here().give_back(network_of(request.remote_addr))
    return _admitted(sender)


def _admitted(sender: Sender | None) -> Origin:
    if sender is None:
        raise WrongKey()
    SOURCE_RATIONS.here().take(str(sender.source_id))
    if not sender.enabled:
        raise SourceOff()
    USES.here().note(sender.source_id)
    return Origin(sender.source_id, sender.project_id)


def by_key_or_token(source_id: int | None, project_id: int | None) -> Origin:
    """Return where the events of `POST ingest` come from.

    A person names the source, or a project; then it is the project's source `API`. Raises
    Unauthorized, NotFound, Forbidden, Unprocessable, TooManyRequests.
    """
    origin = by_key()
    if origin is None:
        return _by_token(source_id, project_id)
    if source_id not in (None, origin.source_id):
        raise invalid("query/source_id", "The write key belongs to another source.")
    if project_id not in (None, origin.project_id):
        raise invalid("query/project_id", "The write key belongs to another project.")
    return origin


def _by_token(source_id: int | None, project_id: int | None) -> Origin:
    who = caller()
    # Exactly one of the two, since they might contradict each other.
    if (source_id is None) == (project_id is None):
        raise invalid("query/source_id", "Send `source_id` or `project_id`.")
    # Not under the writer's lock, which a stream of events would take again and again.
    place = (
        access.load(Source, source_id, who)
        if source_id is not None
        else access.load(Project, project_id or 0, who)
    )
    access.check(access.role_to(place, who), Right.WRITE)
    source = place if isinstance(place, Source) else sources.of_project(place.id, who)
    if not source.enabled:
        raise SourceOff()
    USES.here().note(source.id)
    return Origin(source.id, source.project_id, who.user_id)


def init_app(app: Flask) -> None:
    """Leave the requests of sources to their own bound."""
    from ...core.http.limits import count_otherwise

    count_otherwise(app, is_counted_by_source)
