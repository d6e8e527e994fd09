"""Sockets that do nothing but stay: they read what comes and answer pings."""

from __future__ import annotations

import select
import socket
import threading

from bench._wsclient import CLOSE, PING, PONG, connect, encode, frames


class Crowd(threading.Thread):
    """Holds sockets open from a thread of its own, which sleeps while all is quiet."""

    def __init__(self, port: int, path: str, count: int) -> None:
        super().__init__(daemon=True)
        self.poll = select.epoll()
        self.members: dict[int, tuple[socket.socket, bytearray]] = {}
        self.closed = 0
        self.ending = threading.Event()
        for _ in range(count):
            self._join(port, path)

    def _join(self, port: int, path: str) -> None:
        sock, buffer = connect(port, path)
        while b'"subscribed"' not in buffer:
            chunk = sock.recv(65536)
            if not chunk:
                raise ConnectionError(f"refused: {bytes(buffer)!r}")
            buffer += chunk
        sock.setblocking(False)
        self.members[sock.fileno()] = sock, buffer
        self.poll.register(sock, select.EPOLLIN)

    def run(self) -> None:
        """Serve until `close`."""
        while not self.ending.is_set():
            for fd, _ in self.poll.poll(0.5):
                self._serve(fd)

    def _serve(self, fd: int) -> None:
        sock, buffer = self.members[fd]
        chunk = sock.recv(65536)
        buffer += chunk
        opcodes = [(opcode, text) for opcode, text in frames(buffer) if opcode in (PING, CLOSE)]
        if not chunk or any(opcode == CLOSE for opcode, _ in opcodes):
            self.poll.unregister(fd)
            self.closed += 1
            return
        for _, text in opcodes:
            sock.send(encode(text, PONG))

    def close(self) -> None:
        """End the thread and all sockets."""
        self.ending.set()
        self.join()
        for sock, _ in self.members.values():
            sock.close()
        self.poll.close()
