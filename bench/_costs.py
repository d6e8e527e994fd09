"""What a message, a read and a change cost a process: measured, fitted, and held to the rest."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean

from bench._queues import Clock, Gathered, Station
from bench._stats import markdown

MS = 1e-3
#: Simulated seconds of a figure.
SECONDS = 10.0
#: Milliseconds of processor time a message, by readers and messages in flight: signals, and what
#: is kept. Measured by `measure`, 2026-11-29, 2 cores of an Intel Xeon, beside other work.
SIGNALS = {
    (10, 1): 0.384, (10, 4): 0.136, (10, 16): 0.079,
    (50, 1): 0.734, (50, 4): 0.220, (50, 16): 0.086,
    (200, 1): 1.563, (200, 4): 0.369, (200, 16): 0.141,
    (500, 1): 3.000, (500, 4): 0.795, (500, 16): 0.241,
}  # fmt: skip
KEPT = {
    (10, 1): 2.140, (10, 4): 0.758, (10, 16): 0.418,
    (50, 1): 2.093, (50, 4): 0.747, (50, 16): 0.383,
    (200, 1): 3.061, (200, 4): 1.005, (200, 16): 0.411,
    (500, 1): 4.202, (500, 4): 1.347, (500, 16): 0.605,
}  # fmt: skip
#: The sizes that costs are fitted to; the others test the fit.
FITTED_READERS = (10, 500)
#: How far a fitted cost may be from a measured one.
STATED_ERROR = 0.25


@dataclass(frozen=True)
class Costs:
    """Milliseconds of a batch: its base, and what each reader and each message adds."""

    base: float
    reader: float
    message: float

    def batch(self, readers: float, messages: float) -> float:
        """Return milliseconds."""
        return self.base + self.reader * readers + self.message * messages


def fitted(points: dict[tuple[int, int], float]) -> Costs:
    """Fit a batch's costs to the outer sizes: slopes between their means, then the height."""
    few, many = FITTED_READERS
    flights = sorted({flight for _, flight in points})
    batches = {(size, flight): points[size, flight] * flight for size, flight in points}
    reader = mean((batches[many, one] - batches[few, one]) / (many - few) for one in flights)
    low, high = flights[0], flights[-1]
    message = mean((batches[one, high] - batches[one, low]) / (high - low) for one in (few, many))
    base = mean(
        batches[one, flight] - reader * one - message * flight
        for one in (few, many)
        for flight in flights
    )
    return Costs(base, reader, message)


def checked(
    points: dict[tuple[int, int], float], costs: Costs
) -> list[tuple[int, int, float, float]]:
    """Return readers, in flight, measured and fitted, of the sizes that the fit has not seen."""
    return [
        (size, flight, measured, costs.batch(size, flight) / flight)
        for (size, flight), measured in points.items()
        if size not in FITTED_READERS
    ]


SIGNAL_COSTS, KEPT_COSTS = fitted(SIGNALS), fitted(KEPT)

#: Milliseconds of an interpreter for a read: lists of 20 tasks, 698 a second (2026-11-21).
READ_MS = 1 / 0.698
#: For a change over REST: a read's way in and out, and what a kept message costs beyond a signal.
CHANGE_MS = (
    READ_MS + KEPT_COSTS.base - SIGNAL_COSTS.base + KEPT_COSTS.message - SIGNAL_COSTS.message
)
#: For a row of the log that nobody in this process follows (assumed: a row read and passed over).
PASSED_OVER_MS = 0.02
#: Messages a second that bench.fanout found for 200 readers, by messages in flight.
SEEN_READERS = 200
SEEN = {
    "signals": (SIGNAL_COSTS, {1: 533, 4: 1650, 16: 4464}),
    "kept": (KEPT_COSTS, {1: 230, 4: 759, 16: 2067}),
}
#: How far the simulated queue may be from that: it was another machine.
STATED_QUEUE_ERROR = 0.30
#: The log's turn: a transaction with its flush. A file's is what a kept message waits beyond its
#: processor time; PostgreSQL's the lock that keeps order, with 16 writers by pgbench: 715 to 1,024
#: commits a second. And what each further event takes that shares one (assumed).
FILE_TURN_MS = 1e3 / SEEN["kept"][1][1] - KEPT_COSTS.batch(SEEN_READERS, 1)
POSTGRES_TURN_MS = 1.15
EVENT_MS = 0.05
#: A message from one process to another, through Redis (PUBLISH, p50).
CROSSING_MS = 0.17
#: Sockets that a process has by default, and what each takes (bench.idle), beside the process.
SOCKETS_EACH, SOCKET_KIB, PROCESS_MIB = 1000, 100, 110


def in_flight(costs: Costs, messages: int, waits_ms: float) -> float:
    """Return messages a second of a client that keeps so many in flight.

    `waits_ms` is what a message is under way besides: the disk, and the client's own work.
    """
    clock, done = Clock(), []

    def told(since: list[float]) -> None:
        done.extend(since)
        for _ in since:
            clock.after(waits_ms * MS, lambda: batches.add(clock.now))

    batches = Gathered(Station(clock), lambda count: costs.batch(SEEN_READERS, count) * MS, told)
    for _ in range(messages):
        batches.add(0.0)
    clock.run(SECONDS)
    return len(done) / SECONDS


def proof() -> str:
    """Return the tables of measured points and what the model says of them."""
    costs = [
        (f"{name}, {size} readers, {flight} in flight", measured, said)
        for name, points, fit in (("signal", SIGNALS, SIGNAL_COSTS), ("kept", KEPT, KEPT_COSTS))
        for size, flight, measured, said in checked(points, fit)
    ]
    rates = [
        (f"{name}, {flight} in flight", measured, in_flight(fit, flight, waits_of(fit, seen)))
        for name, (fit, seen) in SEEN.items()
        for flight, measured in seen.items()
        if flight > 1
    ]
    head = ("measured, and not fitted to", "measured", "said", "error")
    return markdown(
        head,
        [
            *(
                [f"{name}: ms a message", f"{was:.3f}", f"{said:.3f}", f"{said / was - 1:+.0%}"]
                for name, was, said in costs
            ),
            *(
                [f"{name}: messages a second", f"{was:,}", f"{said:,.0f}", f"{said / was - 1:+.0%}"]
                for name, was, said in rates
            ),
        ],
    )


def waits_of(costs: Costs, seen: dict[int, int]) -> float:
    """Return milliseconds that a message alone is under way beyond its batch."""
    return 1e3 / seen[1] - costs.batch(SEEN_READERS, 1)
