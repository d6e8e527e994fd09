"""Which parts of an update can be applied now, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import structs as written
from .structs import SKIP, Range, Struct, Update


@dataclass
class Plan:
    """The parts of an update that can be applied now."""

    update: Update
    #: Everything new whose references are all there, in the order in which Yjs takes it.
    structs: list[Struct] = field(default_factory=list)
    deletes: dict[int, list[Range]] = field(default_factory=dict)
    #: The known clocks of these structs' clients.
    since: dict[int, int] = field(default_factory=dict)
    #: Whether it is written as the library needs it: deletions in order, since unordered ones take
    #: quadratic time, and structs without a container as GC.
    fit: bool = True
    #: The clocks that the rest waits for, by client.
    missing: dict[int, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Return whether nothing has to wait."""
        return not self.missing

    @property
    def as_it_is(self) -> bool:
        """Return whether the update's bytes can be applied as they are."""
        return self.update.clean and self.fit and not self.missing

    @property
    def empty(self) -> bool:
        """Return whether nothing can be applied."""
        return not self.structs and not self.deletes

    def first(self, count: int) -> Plan:
        """Return a plan of only its first structs; the rest is planned after them."""
        some = self.structs[:count]
        since = {client: self.since[client] for client in {one.client for one in some}}
        return Plan(self.update, some, {}, since, fit=False)

    def encoded(self) -> bytes:
        """Return all of it as an update."""
        return self.update.data if self.as_it_is else self.write(self.structs, self.deletes)

    def write(self, structs: list[Struct], deletes: dict[int, list[Range]]) -> bytes:
        """Write some of it, in its order, as an update."""
        data = self.update.data
        by_client: dict[int, list[Struct]] = {}
        for struct in structs:
            by_client.setdefault(struct.client, []).append(struct)
        runs = []
        for client, found in by_client.items():
            parts = [one.written(data) for one in found]
            runs.append(written.section(client, found[0].clock, parts))
        return written.update(runs, deletes)


def make(update: Update, clocks: dict[int, int]) -> Plan:
    """Return which parts of an update a document with these clocks can apply."""
    plan = Plan(update)
    reached = _alone(plan, clocks) or _Order(clocks, plan).sort()
    for client, found in update.deletes.items():
        end = reached.get(client) or clocks.get(client, 0)
        _plan_deletes(plan, client, end, found)
    return plan


def _alone(plan: Plan, clocks: dict[int, int]) -> dict[int, int] | None:
    """Plan the usual case, one new struct whose neighbours are there; otherwise do nothing."""
    if len(plan.update.structs) != 1:
        return None
    ((client, found),) = plan.update.structs.items()
    if len(found) != 1 or found[0].kind == SKIP:
        return None
    struct, known = found[0], clocks.get(client, 0)
    if not struct.clock <= known < struct.next:
        return None
    for at in (struct.left, struct.right, struct.parent):
        # Something has to come before it, or is missing: that needs the full ordering.
        if isinstance(at, tuple) and at[1] >= clocks.get(at[0], 0):
            return None
    plan.structs.append(struct)
    plan.since[client] = known
    return {client: struct.next}


def _plan_deletes(plan: Plan, client: int, end: int, found: list[Range]) -> None:
    ready: list[Range] = []
    at = 0
    for clock, length in found:
        plan.fit &= clock >= at
        at = clock + length
        if at > end:
            _miss(plan, client, max(clock, end) + 1)
            length = end - clock
        if length > 0:
            ready.append((clock, length))
    if ready:
        plan.deletes[client] = ready if plan.fit else in_order(ready)


def in_order(found: list[Range]) -> list[Range]:
    """Return the same ranges in order, adjacent ones joined."""
    joined: list[Range] = []
    for clock, length in sorted(found):
        last, size = joined[-1] if joined else (clock, 0)
        if joined and clock <= last + size:
            joined[-1] = (last, max(size, clock + length - last))
        else:
            joined.append((clock, length))
    return joined


def _miss(plan: Plan, client: int, clock: int) -> None:
    plan.missing[client] = min(plan.missing.get(client, clock), clock)


class _Order:
    """Orders the structs of an update as Yjs does: each after those that it refers to."""

    def __init__(self, clocks: dict[int, int], plan: Plan) -> None:
        self._known, self._plan, self._queues = clocks, plan, plan.update.structs
        self._reached: dict[int, int] = {}
        self._at = dict.fromkeys(self._queues, 0)
        self._stuck: set[int] = set()

    def sort(self) -> dict[int, int]:
        """Fill in the plan; returns the clocks that it reaches."""
        for client in sorted(self._queues, reverse=True):
            while self._more(client):
                self._descend(client)
        return self._reached

    def _clock(self, client: int) -> int:
        found = self._reached.get(client)
        return self._known.get(client, 0) if found is None else found

    def _more(self, client: int) -> bool:
        queue = self._queues.get(client)
        return queue is not None and client not in self._stuck and self._at[client] < len(queue)

    def _descend(self, client: int) -> None:
        """Take the next struct of a client, after those that it refers to."""
        stack, on_stack = [client], {client}
        while stack:
            client = stack[-1]
            struct = self._queues[client][self._at[client]]
            wanted = self._wanted(struct)
            if wanted is None:
                self._take(struct)
                on_stack.discard(stack.pop())
            elif wanted[0] not in on_stack and self._more(wanted[0]):
                stack.append(wanted[0])
                on_stack.add(wanted[0])
            else:
                _miss(self._plan, *wanted)
                self._stuck |= on_stack
                return

    def _wanted(self, struct: Struct) -> tuple[int, int] | None:
        """Return which client's structs are missing before this one, and up to which clock."""
        client = struct.client
        if struct.kind == SKIP:
            return None
        if struct.clock > self._clock(client):
            return client, struct.clock
        for at in (struct.left, struct.right, struct.parent):
            if isinstance(at, tuple) and at[0] != client and at[1] >= self._clock(at[0]):
                return at[0], at[1] + 1
        return None

    def _take(self, struct: Struct) -> None:
        self._at[struct.client] += 1
        if struct.kind == SKIP:
            self._plan.update.clean = False
        elif struct.next > (known := self._clock(struct.client)):
            self._plan.structs.append(struct)
            self._plan.since.setdefault(struct.client, known)
            self._reached[struct.client] = struct.next
