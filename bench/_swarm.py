"""Two hundred WebSockets in one epoll loop, much cheaper than the server they load.

Frames of one run have one size, so that arrived messages are counted from the number of
bytes, with a look at the last frame's head; anything else (a control frame, an
acknowledgement, half a frame, a longer id) takes the slow way, which reads each head.
What is counted that way is decoded and checked afterwards from the bytes kept.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import Struct

from bench._stats import Histogram
from bench._wsclient import PING, PONG, TEXT, encode, frame_end, frames

HEAD = Struct(">I")
RING = 63  # Messages in flight stay far below: counts of one moment fit a small ring.
STALL_SECONDS = 10.0
Opened = tuple[socket.socket, bytearray]


class Lost(RuntimeError):
    """A message did not come, came twice, or came out of order."""


@dataclass
class Phase:
    """What one stretch of publishing gave; times are seconds."""

    messages: int
    deliveries: int
    seconds: float
    busy: float
    latencies: Histogram
    frame: int

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.deliveries / self.seconds


class Swarm:
    """All clients; the first one publishes and, like every other, gets what it sends."""

    def __init__(self, opened: Iterable[Opened], marker: bytes, keepalive: bytes = b"") -> None:
        self.marker, self.keepalive = marker, keepalive
        self.message: Callable[[int], bytes] = lambda _: b""
        self.socks: dict[int, socket.socket] = {}
        self.carry: dict[int, bytes] = {}
        self.counts: dict[int, int] = {}
        self.kept: dict[int, bytearray] = {}
        self.buffer = bytearray(1 << 18)
        self.view = memoryview(self.buffer)
        self.poll = select.epoll()
        self.sent = self.floor = self.in_flight = self.last = 0
        self.size, self.head, self.stop = 1 << 30, 0, 0.0
        for sock, rest in opened:
            self._adopt(sock, rest)
        self.publisher = next(iter(self.socks.values()))
        self.level = [0] * (RING + 1)
        self.level[0] = len(self.socks)
        self._forget()

    def _adopt(self, sock: socket.socket, rest: bytearray) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)  # A third of a read.
        fd = sock.fileno()
        self.socks[fd], self.counts[fd] = sock, 0
        self.carry[fd] = bytes(rest)
        self.poll.register(fd, select.EPOLLIN)

    def _forget(self) -> None:
        """Drop the records of the phase before; numbers go on counting."""
        self.first_number = self.sent
        self.sent_at = array("d")
        self.times, self.firsts, self.lasts = array("d"), array("q"), array("q")
        self.kept.clear()

    def drive(self, in_flight: int, seconds: float, keep: int = 0, limit: int = 1 << 60) -> Phase:
        """Keep `in_flight` messages under way for `seconds` or `limit` messages.

        Then wait for the rest. The bytes of `keep` clients are kept for `check`.
        """
        self._forget()
        self.in_flight, self.last = in_flight, self.sent + limit
        self._keep(keep)
        gc.collect()
        gc.disable()
        cpu, start = time.process_time(), time.perf_counter()
        try:
            self.stop = start + seconds
            self._refill()
            self._loop()
        finally:
            gc.enable()
        end = self.times[-1]
        busy = (time.process_time() - cpu) / (time.perf_counter() - start)
        return self._phase(end - start, busy)

    def tend(self) -> None:
        """Answer pings while another swarm has its turn."""
        for fd, _ in self.poll.poll(0):
            if self._arrived(fd):
                raise Lost("a message came after all had come")

    def _keep(self, keep: int) -> None:
        """Take evenly spread clients, the publisher among them."""
        fds = list(self.socks)
        for fd in fds[:: max(1, len(fds) // keep)][:keep] if keep else ():
            self.kept[fd] = bytearray(self.carry[fd])

    def _loop(self) -> None:
        poll, arrived, note, level = self.poll.poll, self._arrived, self._note, self.level
        while self.floor < self.sent:
            ready = poll(STALL_SECONDS)
            if not ready:
                raise Lost(f"nothing for {STALL_SECONDS} s; {self._standing()}")
            for fd, _ in ready:
                got = arrived(fd)
                if got:
                    note(fd, got)
                    if not level[self.floor & RING]:
                        self._refill()

    def _standing(self) -> str:
        behind = sum(count < self.sent for count in self.counts.values())
        return f"{self.sent} sent, {self.floor} came everywhere, {behind} clients lack some"

    def _arrived(self, fd: int) -> int:
        """Read once; return how many messages are complete now."""
        if self.carry[fd]:
            return self._slow(fd, self._after_carry(fd))
        got = self.socks[fd].recv_into(self.buffer)
        if not got:
            raise Lost(f"the server closed a socket; {self._standing()}")
        if fd in self.kept:
            self.kept[fd] += self.view[:got]
        size = self.size
        if got % size == 0 and HEAD.unpack_from(self.buffer, got - size)[0] == self.head:
            return got // size
        return self._slow(fd, got)

    def _after_carry(self, fd: int) -> int:
        """Read on after the half frame of the last time; return the bytes in the buffer."""
        rest = self.carry[fd]
        start = len(rest)
        self.buffer[:start] = rest
        got = self.socks[fd].recv_into(self.view[start:])
        if not got:
            raise Lost(f"the server closed a socket; {self._standing()}")
        if fd in self.kept:
            self.kept[fd] += self.view[start : start + got]
        return start + got

    def _slow(self, fd: int, filled: int) -> int:
        """Read frame by frame; learn the size of a message's frame."""
        data, at, found = bytes(self.view[:filled]), 0, 0
        while True:
            start, end = frame_end(data, at)
            if not end or end > filled:
                break
            if self.marker in data[start:end]:
                found += 1
                self.size, self.head = end - at, HEAD.unpack_from(data, at)[0]
            else:
                self._other(fd, data[at] & 15, data[start:end])
            at = end
        self.carry[fd] = data[at:]
        return found

    def _other(self, fd: int, opcode: int, payload: bytes) -> None:
        """Answer what asks whether we live; refuse an error; skip the rest."""
        if opcode == PING:
            self.socks[fd].send(encode(payload, PONG))
        elif opcode == TEXT and payload == b"2" and self.keepalive:
            self.socks[fd].send(encode(self.keepalive))
        elif b'"error"' in payload:
            raise Lost(f"the server answered {payload[:300]!r}")

    def _note(self, fd: int, got: int) -> None:
        first = self.counts[fd]
        last = self.counts[fd] = first + got
        if last > self.sent:
            raise Lost(f"{last} messages came of {self.sent} sent")
        self.times.append(time.perf_counter())
        self.firsts.append(first)
        self.lasts.append(last)
        self.level[first & RING] -= 1
        self.level[last & RING] += 1

    def _refill(self) -> None:
        """Send what may go now, a system call each, as independent senders would."""
        while self.floor < self.sent and not self.level[self.floor & RING]:
            self.floor += 1
        while self.sent - self.floor < self.in_flight and self.sent < self.last:
            now = time.perf_counter()
            if now >= self.stop:
                return
            self.sent_at.append(now)
            self.publisher.send(encode(self.message(self.sent)))
            self.sent += 1

    def _phase(self, seconds: float, busy: float) -> Phase:
        latencies, base, sent_at = Histogram(), self.first_number, self.sent_at
        for now, first, last in zip(self.times, self.firsts, self.lasts, strict=True):
            for number in range(first - base, last - base):
                latencies.add(now - sent_at[number])
        messages = self.sent - base
        deliveries = sum(self.lasts) - sum(self.firsts)
        return Phase(messages, deliveries, seconds, busy, latencies, self.size)

    def check(self, number_of: Callable[[bytes], int]) -> None:
        """Decode every byte kept: each message once and in order, or raise Lost."""
        if any(count != self.sent for count in self.counts.values()):
            raise Lost(self._standing())
        wanted = list(range(self.first_number, self.sent))
        for data in self.kept.values():
            texts = [text for _, text in frames(data) if self.marker in text]
            if [number_of(text) for text in texts] != wanted:
                raise Lost("a client's messages differ from those sent")

    def close(self) -> None:
        """Close every socket."""
        self.poll.close()
        for sock in self.socks.values():
            sock.close()
