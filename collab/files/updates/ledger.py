"""What is known about a document without the library: enough to say which updates fit."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from . import plan as plans
from .bounds import MAX_DEPTH, Unusable
from .others import Others
from .plan import Plan
from .structs import ANY, BINARY, DELETED, DOC, GC, STRING, TYPE, Id, Struct, Update

#: The shared text's name, for every editor.
TEXT_ROOT = "content"
#: Contents that take up a place in a text without showing in it: those who count characters and
#: those who count places would write at different ones. The library reports none of them.
UNSEEN_CONTENT = (BINARY, ANY, DOC)

#: What contains something: a type, or a root by its name. None: nothing, where a type is gone.
Parent = Id | str | None


@dataclass
class Places:
    """The container of each thing. Most have the same as the one before."""

    #: By client: clocks at which the container changes, and what it is from there on.
    _runs: dict[int, tuple[list[int], list[Parent]]] = field(default_factory=dict)
    #: How many types contain each type.
    depths: dict[Id, int] = field(default_factory=dict)

    def of(self, at: Id) -> Parent:
        """Return the container of something."""
        runs = self._runs.get(at[0])
        place = bisect_right(runs[0], at[1]) - 1 if runs else -1
        return runs[1][place] if runs and place >= 0 else None

    def depth(self, parent: Parent) -> int:
        """Return how many types are around the contents of this one."""
        return 1 + self.depths[parent] if isinstance(parent, tuple) else 0

    def note(self, client: int, clock: int, place: Parent) -> None:
        """Note the container of what begins at a client's newest clock."""
        runs = self._runs.get(client)
        if runs is None:
            self._runs[client] = ([clock], [place])
        elif runs[1][-1] != place:
            runs[0].append(clock)
            runs[1].append(place)


class Ledger:
    """The clocks of a document, and the container of each thing in it."""

    def __init__(self) -> None:
        self.clocks: dict[int, int] = {}
        #: About how many structs the document has: continued typing is one with what it follows.
        self.size = 0
        #: What the document has besides the letters of the text.
        self.others = Others()
        self._places = Places()

    def plan(self, update: Update, *, trusted: bool = False) -> Plan:
        """Return which parts of an update are new and complete.

        Raises Unusable for structs that are nested too deep and, unless the update is `trusted` to
        be the library's own, for those between two things with different containers.
        """
        plan = plans.make(update, self.clocks)
        look = _Look(self.clocks, self._places, trusted=trusted)
        for struct in plan.structs:
            plan.fit &= look.at(struct)
        return plan

    def note(self, plan: Plan) -> None:
        """Note that everything planned has been taken."""
        clocks, places = self.clocks, self._places
        for struct in plan.structs:
            client, clock = struct.client, struct.clock
            # A letter right after its client's last one is stored as one struct with it.
            self.size += not (struct.kind == STRING and struct.left == (client, clock - 1))
            known = clocks.get(client, 0)
            if _is_other(struct):
                self.others.note(struct, known)
            places.note(client, max(clock, known), struct.inside)
            if struct.kind == TYPE and struct.inside is not None:
                places.depths[struct.id] = places.depth(struct.inside)
            clocks[client] = struct.next
        self.others.forget(plan.deletes)


def _is_other(struct: Struct) -> bool:
    """Return whether something is neither a letter of the text nor gone."""
    is_letter = struct.kind == STRING and struct.inside == TEXT_ROOT
    return not is_letter and struct.kind not in (GC, DELETED)


class _Look:
    """Finds the containers of new structs, from what is known and from those before them."""

    def __init__(self, clocks: dict[int, int], known: Places, *, trusted: bool) -> None:
        self._clocks, self._known, self._trusted = clocks, known, trusted
        self._new: Places | None = None

    def at(self, struct: Struct) -> bool:
        """Look up a struct's container; returns whether the struct can be written as it is.

        A struct without one becomes GC, as in Yjs. Raises Unusable, also for things in the text
        that are no text.
        """
        parent = struct.inside = self._parent(struct) if struct.kind != GC else None
        self._look_before(struct, parent)
        if self._new is None:
            self._new = Places()
        if parent == TEXT_ROOT and struct.kind in UNSEEN_CONTENT and not self._trusted:
            raise Unusable("only plain text can be edited, nothing embedded in it")
        self._new.note(struct.client, struct.clock, parent)
        if parent is None:
            return struct.make_blank()
        if struct.kind == TYPE:
            depth = self._of(parent).depth(parent) if isinstance(parent, tuple) else 0
            if depth > MAX_DEPTH:
                raise Unusable(f"types are nested deeper than {MAX_DEPTH}")
            self._new.depths[struct.id] = depth
        return True

    def _look_before(self, struct: Struct, parent: Parent) -> None:
        """Raise Unusable for a continuation of something known that claims another place.

        The library would put it after the known part, and report a change in the other place.
        """
        known = self._clocks.get(struct.client, 0)
        if struct.clock >= known or parent is None or self._trusted:
            return
        if self._known.of((struct.client, known - 1)) != parent:
            raise Unusable("it continues a run that is in another place")

    def _of(self, at: Id) -> Places:
        is_known = self._new is None or at[1] < self._clocks.get(at[0], 0)
        return self._known if is_known or self._new is None else self._new

    def _parent(self, struct: Struct) -> Parent:
        left, right = struct.left, struct.right
        if left is None and right is None:
            inside = struct.parent
            is_there = isinstance(inside, str) or (inside and inside in self._of(inside).depths)
            return inside if is_there else None
        first = self._of(left).of(left) if left else None
        second = self._of(right).of(right) if right else None
        if (left and first is None) or (right and second is None):
            return None
        if left and right and first != second and not self._trusted:
            raise Unusable("it puts something between two that are in different places")
        return first if left else second
