"""One thread waits for requests and answers them; none that takes long keeps others waiting."""

from __future__ import annotations

import os
import select
import socket
import threading

from collab.serving.lending import MAX_BORROWERS
from collab.serving.pace import MAX_LONG_IN_A_ROW

from ..support.lent import answer, ask, get, has_begun
from ..support.waiting import PATIENCE, eventually

#: Requests that one write brings; more than frames fit on a stack if answers nested.
TOGETHER = 400


def test_short_requests_are_answered_by_the_thread_that_waits_for_them(service, line):
    lines = [line() for _ in range(4)]

    def names() -> list[str]:
        return [get(one, "/short").split()[1] for one in lines]

    # What a busy machine holds up counts as long, and another thread answers meanwhile.
    assert eventually(lambda: all(name.startswith("loop") for _ in range(5) for name in names()))


def test_a_request_that_takes_long_keeps_nobody_waiting(service, line):
    slow, quick = line(), line()
    ask(slow, "/wait")
    has_begun(service, "/wait")
    assert get(quick, "/short").startswith("/short")
    service.gates["/wait"].set()
    assert answer(slow).startswith("/wait")


def test_its_connection_goes_on_after_it(service, line):
    slow = line()
    ask(slow, "/wait")
    has_begun(service, "/wait")
    get(line(), "/short")  # by now the loop has been taken back
    service.gates["/wait"].set()
    assert answer(slow).startswith("/wait")
    assert get(slow, "/after").startswith("/after")


def test_more_long_requests_than_may_borrow_the_loop_keep_nobody_waiting(service, line):
    slow = [line() for _ in range(MAX_BORROWERS + 2)]
    for number, one in enumerate(slow):
        ask(one, f"/wait/{number}")
        has_begun(service, f"/wait/{number}")
    assert get(line(), "/short").startswith("/short")
    for number, one in enumerate(slow):
        service.gates[f"/wait/{number}"].set()
        assert answer(one).startswith(f"/wait/{number}")


def test_the_loop_is_lent_again_once_they_are_answered(service, line):
    slow = [line() for _ in range(MAX_BORROWERS)]
    for number, one in enumerate(slow):
        ask(one, f"/wait/{number}")
        has_begun(service, f"/wait/{number}")
    for number, one in enumerate(slow):
        service.gates[f"/wait/{number}"].set()
        answer(one)
    quick = line()
    eventually(lambda: "loop" in get(quick, "/short"))


def test_what_takes_long_again_and_again_is_given_to_the_pool(service, line):
    slow = line()
    for number in range(MAX_LONG_IN_A_ROW):
        ask(slow, f"/wait/{number}")
        has_begun(service, f"/wait/{number}")
        get(line(), "/short")
        service.gates[f"/wait/{number}"].set()
        answer(slow)
    service.gates["/wait/9"].set()
    assert "loop" not in get(slow, "/wait/9")
    assert "loop" in get(slow, "/short")


def test_requests_that_came_together_are_answered_in_their_order(service):
    sent = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % one for one in range(TOGETHER))
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as raw:
        raw.sendall(sent)
        file = raw.makefile("rb")
        got = []
        for _ in range(TOGETHER):
            size = 0
            while (field := file.readline().strip()) != b"":
                if field.lower().startswith(b"content-length"):
                    size = int(field.split(b":")[1])
            got.append(file.read(size).split()[0].decode())
    assert got == [f"/{one}" for one in range(TOGETHER)]


def test_who_leaves_while_they_are_answered_is_forgotten(service, line):
    slow = line()
    ask(slow, "/wait")
    has_begun(service, "/wait")
    get(line(), "/short")
    slow.close()
    service.gates["/wait"].set()
    last = line()
    get(last, "/short")
    eventually(lambda: "/wait" in service.answered_by)
    last.close()
    eventually(lambda: service.worker.nr_conns <= 1)  # that of the first short one may be idle


def test_a_server_that_is_told_to_stop_finishes_what_takes_long(service, line):
    slow = line()
    ask(slow, "/wait")
    has_begun(service, "/wait")
    service.worker.alive = False
    service.worker.method_queue.defer(lambda: None)
    service.gates["/wait"].set()
    assert answer(slow).startswith("/wait")


def test_a_signal_is_the_own_thread_s_and_whoever_comes_after_it_is_answered(service, line):
    quick = line()
    get(quick, "/short")
    os.write(service.worker.PIPE[1], b"x")  # as the interpreter does for each signal
    assert get(quick, "/short").startswith("/short")
    eventually(lambda: not select.select([service.worker.PIPE[0]], [], [], 0)[0])


def test_an_error_of_the_loop_ends_the_worker(service, line):
    get(line(), "/short")

    def broken() -> None:
        raise ZeroDivisionError

    service.worker.method_queue.defer(broken)
    eventually(lambda: isinstance(service.error, ZeroDivisionError))


def test_each_gets_their_own_answers_whatever_takes_long_meanwhile(service, line):
    def talk(who: int, wrong: list[str]) -> None:
        mine = line()
        for turn in range(12):
            # Every third waits for the one that another asks for two turns later.
            path = f"/wait/{who}-{turn}" if turn % 3 == 0 else f"/go/{who}/{turn}"
            ask(mine, path)
            if turn % 3 == 0:
                service.gates[path].set()
            if not answer(mine).startswith(f"{path} "):
                wrong.append(path)

    wrong: list[str] = []
    people = [threading.Thread(target=talk, args=(who, wrong)) for who in range(12)]
    for one in people:
        one.start()
    for one in people:
        one.join(PATIENCE)
    assert wrong == []
    assert len(service.answered_by) == 12 * 12
