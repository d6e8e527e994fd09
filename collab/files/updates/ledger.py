"""What is known of a document beside the library: enough to say what of an update fits it."""

from __future__ import annotations

from bisect import bisect_right

from . import plan as plans
from .bounds import MAX_DEPTH, Unusable
from .plan import Plan
from .structs import STRING, Id, Struct, Update


class Depths:
    """How many types each thing is in; most are in none but a root."""

    def __init__(self) -> None:
        #: By client: clocks at which it changes, and what it is from there on.
        self._runs: dict[int, tuple[list[int], list[int]]] = {}

    def of(self, at: Id) -> int:
        """Return how many types something is in."""
        runs = self._runs.get(at[0])
        if runs is None:
            return 0
        place = bisect_right(runs[0], at[1]) - 1
        return runs[1][place] if place >= 0 else 0

    def note(self, client: int, clock: int, depth: int) -> None:
        """Note it of what begins at a client's newest clock."""
        runs = self._runs.get(client)
        if runs is None:
            if not depth:
                return
            runs = self._runs[client] = ([], [])
        if not runs[1] or runs[1][-1] != depth:
            runs[0].append(clock)
            runs[1].append(depth)


class Ledger:
    """The clocks of a document, and how deep in types is what was made at them."""

    def __init__(self) -> None:
        self.clocks: dict[int, int] = {}
        #: About how many structs the document has: what was typed on is one with what it follows.
        self.size = 0
        self._depths = Depths()

    def plan(self, update: Update) -> Plan:
        """Say what of an update is new and whole; raises Unusable for what is nested too deep."""
        plan = plans.make(update, self.clocks)
        new, floor = Depths(), {client: self.clocks.get(client, 0) for client in update.structs}
        for struct in plan.structs:
            depth = self._depth(struct, new, floor)
            if depth > MAX_DEPTH:
                raise Unusable(f"types are nested deeper than {MAX_DEPTH}")
            new.note(struct.client, max(struct.clock, floor[struct.client]), depth)
        return plan

    def _depth(self, struct: Struct, new: Depths, floor: dict[int, int]) -> int:
        """Return how many types a struct is in; what is new is what is not below the floor."""
        at, more = struct.left or struct.right, 0
        if at is None:
            if not isinstance(struct.parent, tuple):
                return 0
            at, more = struct.parent, 1
        known = self._depths if at[1] < floor.get(at[0], at[1] + 1) else new
        return known.of(at) + more

    def note(self, structs: list[Struct]) -> None:
        """Note that structs have been taken."""
        clocks, depths = self.clocks, self._depths
        for struct in structs:
            client = struct.client
            clock = clocks.get(client, 0)
            depths.note(client, max(clock, struct.clock), self._depth(struct, depths, {}))
            self.size += not (struct.kind == STRING and struct.left == (client, struct.clock - 1))
            clocks[client] = struct.next
