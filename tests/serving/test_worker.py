"""The worker itself: whom it accepts, whom it lets go of, and what an application may break."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any

import pytest

from ..support.lent import Service, get
from ..support.waiting import PATIENCE, eventually

Line = Callable[[], HTTPConnection]


class Listener:
    """A port at which accepting fails."""

    def __init__(self, number: int) -> None:
        self._number = number

    def accept(self) -> None:
        raise OSError(self._number, "no")


@pytest.fixture
def idle() -> Iterator[Service]:
    """Return a worker that has not begun."""
    made = Service()
    yield made
    made._listener.close()
    made.worker.tmp.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ECONNABORTED])
def test_who_can_not_be_accepted_now_is_accepted_later(idle: Service, number: int) -> None:
    idle.worker.accept(Listener(number))
    assert idle.worker.nr_conns == 0


def test_another_trouble_of_a_port_is_not_passed_over(idle: Service) -> None:
    with pytest.raises(OSError, match="no"):
        idle.worker.accept(Listener(errno.EBADF))


def test_where_nobody_can_be_let_go_nobody_is(idle: Service) -> None:
    idle.worker._make_room()
    assert idle.worker.nr_conns == 0


def test_who_has_waited_longest_makes_room_for_who_comes(service: Service, line: Line) -> None:
    first, second = line(), line()
    get(first, "/first")
    service.worker.worker_connections = 2
    assert get(second, "/second").startswith("/second")
    assert service.worker.nr_conns == 1
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        get(first, "/again")


def test_all_that_wait_are_closed_when_it_is_forced(service: Service, line: Line) -> None:
    get(line(), "/one")
    eventually(lambda: service.worker._waiting)
    service.worker.method_queue.defer(lambda: service.worker.murder_keepalived(force=True))
    eventually(lambda: service.worker.nr_conns == 0)


def test_a_part_of_the_next_request_waits_for_its_rest(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as tcp:
        tcp.sendall(b"GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HT")
        answer = b""
        while b"/one" not in answer:
            answer += tcp.recv(65536)
        tcp.sendall(b"TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"/two" in b"".join(iter(lambda: tcp.recv(65536), b""))


# -- an application that breaks -------------------------------------------------------------------


def asked(service: Service, app: Callable[..., Any]) -> bytes:
    """Return all that is sent for a request, up to the end of the connection."""
    eventually(lambda: hasattr(service.worker, "wsgi"))
    service.worker.wsgi = app
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as tcp:
        tcp.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return b"".join(iter(lambda: tcp.recv(65536), b""))


def test_what_breaks_before_the_answer_began_is_500_and_the_last(service: Service) -> None:
    def breaks(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        raise KeyError("a bug")

    answer = asked(service, breaks)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_what_breaks_within_an_answer_is_cut_off_and_nothing_is_added(service: Service) -> None:
    def breaks(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        write = start("200 OK", [("Content-Length", "10")])
        write(b"half")
        raise KeyError("a bug")

    answer = asked(service, breaks)
    assert b"500" not in answer
    assert answer == b"" or answer.endswith(b"half")
