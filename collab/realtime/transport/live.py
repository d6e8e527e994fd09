"""The live parts of one server process, made at start and ended at stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import Flask
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ...core.counting import metrics
from ...core.errors import Unavailable
from ...core.parts import PARTS
from ...core.slots import Slot
from ...events.bell.exchange import Exchange
from ...events.bell.lines import LINE
from ...events.bell.waking import Bell
from ...events.broadcaster import Broadcaster
from ...events.close_codes import GOING_AWAY
from ...events.hub import STOPPING_REASON, Hub
from ...events.log import BELL
from ...events.topics import READ_ONLY
from ..allowance import Allowance
from .places import Capacity, Limits
from .reactor import Reactor
from .wire import STOP_LINGER_S, Wire

#: Seconds' worth of signals that a person may send at once: opening a page with many topics needs
#: it.
SIGNAL_BURST_S = 2
#: Seconds' worth of edits that an editor may send at once: a paste or a backlog is taken whole.
EDIT_BURST_S = 4
#: Bytes a second of editors' states that are read from one person: 200 editors of a text whose
#: cursors all move ten times a second come to a quarter of it.
AWARENESS_BYTES_PER_S = 2 * 2**20

#: The settings that bound places: for all, for a person, for an address.
LIMITS = ("SOCKET_LIMIT", "LIVE_PER_PERSON", "LIVE_PER_ADDRESS")

CONNECTIONS = metrics.gauge(
    "collab_live_connections", "Sockets, streams and long polls that are open.", ("door",)
)
CUT = metrics.counter("collab_live_cut", "Connections that were closed for reading too slowly.")


@dataclass
class Live:
    """What sockets, streams and long polls share."""

    bell: Bell
    hub: Hub
    broadcaster: Broadcaster
    capacity: Capacity
    #: What each person may send: signals, which are forgotten, and events, which are kept.
    signals: Allowance
    publications: Allowance
    #: What Yjs editors say about themselves, again with each move of a cursor.
    awareness: Allowance
    #: What Yjs editors change; more has to wait.
    edits: Allowance
    #: What they say about themselves and repeat about others, relayed or not; more has to wait.
    heard: Allowance
    #: The open sockets, including those whose person is not known yet.
    wires: set[Wire] = field(default_factory=set)
    _reactor: Reactor = field(default_factory=Reactor)

    @classmethod
    def of(cls, app: Flask) -> Live:
        """Make them for an application; no thread runs yet."""
        bell = BELL.of(app)
        hub = Hub(bell, READ_ONLY.of(app))
        limits = (app.config[key] for key in LIMITS)
        signals, kept = (app.config[key] * 1024 for key in ("SIGNAL_RATE_KB", "PUBLISH_RATE_KB"))
        return cls(
            bell,
            hub,
            Broadcaster(app, hub, bell, Exchange(app, hub, bell, LINE.of(app))),
            Capacity(Limits(*limits), lambda *moved: _note(app, *moved)),
            Allowance(signals, SIGNAL_BURST_S * signals, "signals"),
            Allowance(kept, kept // 2, "events"),
            Allowance(4 * signals, 4 * SIGNAL_BURST_S * signals, "states of editors"),
            Allowance(kept, EDIT_BURST_S * kept, "edits"),
            Allowance(
                AWARENESS_BYTES_PER_S, EDIT_BURST_S * AWARENESS_BYTES_PER_S, "states of editors"
            ),
            _reactor=Reactor(on_cut=lambda: CUT.of(app).child().inc()),
        )

    def start(self) -> None:
        """Start the threads, once: after the fork, where the server forks."""
        self._reactor.start()
        self.broadcaster.start()

    @property
    def reactor(self) -> Reactor:
        """Return the reactor; raises RuntimeError before it has started."""
        if not self._reactor.started:
            raise RuntimeError("the live parts have not been started")
        return self._reactor

    @property
    def state(self) -> str:
        """Return the state of both threads, for `/ready`."""
        published = self.broadcaster.state
        return self._reactor.state if published == "ok" else published

    def open(self, wire: Wire) -> None:
        """Register a socket; raises Unavailable when the server is stopping."""
        self.wires.add(wire)
        # Checked after adding to `wires`: `close` either finds this wire there, or is seen here.
        if self.hub.closed:
            raise Unavailable(STOPPING_REASON)

    def close(self) -> None:
        """End all connections (1001); the threads go on until they are told so."""
        self.hub.close()
        for wire in tuple(self.wires):
            wire.shut(GOING_AWAY, STOPPING_REASON, STOP_LINGER_S)

    def stop(self) -> None:
        """End the connections and the threads."""
        self.close()
        self.broadcaster.stop()
        # Last: it sends the closes, and what the broadcaster still delivers.
        self._reactor.stop()


def _note(app: Flask, door: str, step: int) -> None:
    CONNECTIONS.of(app).child(door).inc(step)


LIVE: Slot[Live] = Slot("live", Live.of)


def init_app(app: Flask) -> None:
    """Make the live parts of an application."""
    metrics.declare(app, CONNECTIONS, CUT)
    metrics.register(app, "live", collect)
    PARTS.of(app).add("broadcaster", LIVE)
    PARTS.of(app).add("bell", LINE)  # after it: it tells the hub of whom it hears


def collect() -> Iterator[Metric]:
    """Yield how far this process has published the log."""
    published = LIVE.here().hub.position
    yield GaugeMetricFamily(
        "collab_log_published_id", "The newest id that was sent to followers.", value=published
    )


def live() -> Live:
    """Return the live parts of this application, running."""
    found = LIVE.here()
    found.start()
    return found
