"""Changes that are made one after the other come to the disk together, and are told after that."""

from __future__ import annotations

import select
import threading

from ..support.lent import answer, ask, get, has_begun
from ..support.waiting import eventually

CHANGES = 5


def ask_at_once(service, paths):
    """Send changes, by line, of which the worker learns in one moment."""
    for one in paths:
        get(one, "/short")
    goes_on = threading.Event()
    service.worker.method_queue.defer(goes_on.wait)
    for one, path in paths.items():
        ask(one, path, "POST")
    goes_on.set()


def told(one):
    """Return whether something has come on a line."""
    return bool(select.select([one.sock], [], [], 0)[0])


def test_changes_of_one_moment_share_a_sync(service, line):
    paths = {line(): f"/change/{number}" for number in range(CHANGES)}
    ask_at_once(service, paths)
    assert [answer(one).split()[0] for one in paths] == list(paths.values())
    assert set(service.kept) == set(paths.values())
    assert service.syncs < CHANGES


def test_no_change_is_told_before_it_is_on_the_disk(service, line):
    service.takes.clear()
    lines = [line() for _ in range(CHANGES)]
    for number, one in enumerate(lines):
        ask(one, f"/change/{number}", "POST")
        has_begun(service, f"/change/{number}")
    eventually(lambda: len(service.written) == CHANGES)
    assert not any(told(one) for one in lines)
    service.takes.set()
    assert [answer(one).split()[0] for one in lines] == [f"/change/{n}" for n in range(CHANGES)]


def test_a_disk_that_takes_long_keeps_nobody_waiting_who_only_reads(service, line):
    service.takes.clear()
    slow = line()
    ask(slow, "/change", "POST")
    eventually(lambda: service.written == ["/change"])
    assert get(line(), "/short").startswith("/short")
    service.takes.set()
    assert answer(slow).startswith("/change")
    assert get(slow, "/after").startswith("/after")


def test_a_change_that_takes_long_is_on_the_disk_when_it_is_told(service, line):
    slow = line()
    ask(slow, "/wait", "POST")
    has_begun(service, "/wait")
    get(line(), "/short")  # by now the loop has been taken back
    service.takes.clear()
    service.gates["/wait"].set()
    eventually(lambda: service.written == ["/wait"])
    assert not told(slow)
    service.takes.set()
    assert answer(slow).startswith("/wait")
    assert "/wait" in service.kept


def test_changes_before_one_that_takes_long_do_not_wait_for_it(service, line):
    first, second, slow = line(), line(), line()
    ask_at_once(service, {first: "/change/1", second: "/change/2", slow: "/wait"})
    assert [answer(one).split()[0] for one in (first, second)] == ["/change/1", "/change/2"]
    service.gates["/wait"].set()
    assert answer(slow).startswith("/wait")


def test_what_a_failing_disk_may_not_have_is_not_acknowledged(service, line):
    service.trouble = OSError(5, "Input/output error")
    one = line()
    ask(one, "/change", "POST")
    refused = one.getresponse()
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert b"may not be on the disk" in refused.read()
    service.trouble = None
    ask(one, "/change/again", "POST")
    assert answer(one).startswith("/change/again")
