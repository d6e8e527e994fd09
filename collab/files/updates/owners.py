"""Who may send what was made under a client id.

An id is the server's own, or belongs to the person whose editor wrote with it first; nobody else
may use its clocks. What is already known is not checked: editors send again what they have.

- In an update that is sent as it is made, new structs under somebody else's id are refused: no
  editor makes those.
- In "all that you lack" (sync step 2) they may be honest. An editor has them from another tab of
  the same browser, or from a peer-to-peer network of editors. They are left out, and come from
  their own editor; what refers to them waits. Structs without content (GC) are refused even then.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from .bounds import MAX_CLIENT, SERVERS_OWN, Unusable
from .structs import GC, SKIP, Struct, Update

#: The author of what no person sends.
NO_OWNER = 0


def own_client(taken: Iterable[int] = ()) -> int:
    """Return a client id for the server that nobody else can have."""
    known = set(taken)
    while (client := SERVERS_OWN + secrets.randbelow(MAX_CLIENT - SERVERS_OWN)) in known:
        pass
    return client


class Foreign(Unusable):
    """An update has something under an id that is somebody else's."""


def check(
    update: Update, clocks: dict[int, int], owners: dict[int, int], person: int, *, all_it_has: bool
) -> None:
    """Leave out of an update what is not this person's to send; raises Foreign."""
    for client in list(update.structs):
        new = _new(update.structs[client], clocks.get(client, 0))
        if not new:
            continue
        if client >= SERVERS_OWN:
            raise Foreign("it uses a client id of the server")
        if owners.get(client, person) == person:
            continue
        if not all_it_has or any(one.kind == GC for one in new) or new[-1].kind == SKIP:
            raise Foreign("it uses the client id of another person")
        del update.structs[client]
        update.clean = False


def _new(structs: list[Struct], known: int) -> list[Struct]:
    return [one for one in structs if one.next > known] if structs else []
