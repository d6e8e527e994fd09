"""The loop, lent to a thread that answers short requests itself, and taken back from long ones.

Handing a request to another thread and its answer back takes eight system calls. Worse, where there
is a second core, both threads run at once and pass the interpreter's lock back and forth between
the cores: a list used three times the CPU time. So one thread waits for requests and answers them.
The worker's own thread has lent it the loop, watches it, and goes on with the loop as soon as an
answer takes long; such requests belong to the pool from then on.
"""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from .answering import answer_later, make_sure
from .holding import Held
from .messages.spool import Spooled
from .pace import LONG_S, Pace
from .peer import Peer
from .threads import Threads

EVENT_READ = selectors.EVENT_READ

#: Bytes of signal notes that are read at once.
SIGNALS_AT_ONCE = 64
#: Seconds between two checks whether an answer takes long.
LOOK_S = LONG_S / 2
#: Seconds without a request after which nobody watches the borrower, until it answers again.
QUIET_S = 0.1
#: Seconds that an answer which reports a change waits for others at most: one sync brings all of
#: them to disk.
SHARED_S = 0.01
#: Threads that may have borrowed the loop at once: one has it, the others finish a long answer.
MAX_BORROWERS = 4


class _TakenBackError(Exception):
    """The loop has been taken back meanwhile: the borrower must leave it at once."""


class Loan:
    """The loop in the hands of a borrower, until a time on the monotonic clock."""

    def __init__(self, until: float) -> None:
        self.until = until
        #: Whose request is being answered, and since when; None while none is.
        self.peer: Peer | None = None
        self._busy_since: float | None = None
        self._answered_at = 0.0
        #: Whether the lender checks every now and then, or sleeps until it hears something.
        self._watched = False
        self._over = False
        #: What broke the loop.
        self.error: BaseException | None = None
        self._heard = threading.Event()

    def begin(self, peer: Peer | None) -> float:
        """Begin one or more answers, which the lender watches; returns when that was."""
        self.peer = peer
        self._busy_since = self._answered_at = now = time.monotonic()
        # Read after writing that, while `_doze` does it the other way round: one of the two sees
        # what the other has done.
        if not self._watched:
            self._heard.set()
        return now

    def pause(self) -> None:
        """End an answer in time."""
        self.peer = self._busy_since = None

    def end(self) -> None:
        """Give the loop back."""
        self._over = True
        self._heard.set()

    def wait(self) -> bool:
        """Wait until it is over (True), or an answer takes long (False)."""
        while not self._over:
            if self._heard.wait(LOOK_S if self._watched else None):
                self._heard.clear()
                self._watched = True
            elif self._takes_long():
                return False
            else:
                self._doze()
        return True

    def _takes_long(self) -> bool:
        began = self._busy_since
        return began is not None and time.monotonic() - began >= LONG_S

    def _doze(self) -> None:
        """Stop checking, if there has been no request for some time."""
        if time.monotonic() - self._answered_at >= QUIET_S:
            self._watched = False
            self._watched = self._busy_since is not None


class Lending:
    """Lends the loop; a worker is made with it."""

    alive: bool
    tpool: Threads
    PIPE: tuple[int, int]
    poller: Any
    method_queue: Any
    murder_keepalived: Callable[[], None]
    _seconds_left: Callable[[], float]
    _answered: Callable[[Peer, bool | Held], None]
    _watch: Callable[..., None]
    _on_readable: Callable[[Peer], None]
    shared_s = SHARED_S

    def init_process(self) -> None:
        """Begin to work, in the process that the fork made."""
        self._pace = Pace()
        self._borrowers = ThreadPoolExecutor(MAX_BORROWERS, thread_name_prefix="loop")
        #: How many more threads may borrow the loop, while others finish what they had begun with
        #: it.
        self._spare = threading.Semaphore(MAX_BORROWERS)
        #: The thread that holds this may use the loop, and all that belongs to it.
        self._loop = threading.Lock()
        self._loop.acquire()
        #: The present loan, unless the loop is the worker's own.
        self._loan: Loan | None = None
        #: Answers that are sent once what they report is on disk, and when the first was made.
        self._unsent: list[tuple[Peer, bool | Held]] = []
        self._unsent_since = 0.0
        super().init_process()  # type: ignore[misc]

    # -- the worker's own thread ----------------------------------------------------------------

    def run(self) -> None:
        """Serve until told to stop."""
        # Where the interpreter writes a byte for each signal: its handler runs in this thread only.
        self.poller.register(self.PIPE[0], EVENT_READ, lambda pipe: os.read(pipe, SIGNALS_AT_ONCE))
        try:
            super().run()  # type: ignore[misc]
        finally:
            self.tpool.shutdown()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Have a borrower turn the loop for some seconds, or turn it once in this thread."""
        loan = self._lend(timeout) if self.alive else None
        if loan is None:
            self._turn(timeout)
            return
        while not loan.wait():
            if self._loop.acquire(blocking=False):
                break  # taken back, in the middle of an answer
        else:
            self._loop.acquire()
        self._end_of(loan)
        self._turn(0.0)  # work that a borrower leaves to this thread

    def _lend(self, seconds: float) -> Loan | None:
        """Lend the loop, if there is anybody left to lend it to."""
        if not self._spare.acquire(blocking=False):
            return None
        self._loan = loan = Loan(time.monotonic() + seconds)
        try:
            self._borrowers.submit(self._borrow, loan)
        except RuntimeError:  # the system has no more threads
            self._loan = None
            return None
        self._loop.release()
        return loan

    def _end_of(self, loan: Loan) -> None:
        """Go on without the borrower; raises what broke the loop there."""
        self._loan = None
        if loan.peer is not None:  # it waits for its answer, and nothing that comes meanwhile
            self._watch(loan.peer, 0, self._on_readable)
        unsent, self._unsent = self._unsent, []
        for peer, stays in unsent:
            self._watch(peer, 0, self._on_readable)
            self.tpool.submit(partial(self._make_sure, peer, stays))
        if loan.error is not None:
            raise loan.error

    # -- whoever has the loop -------------------------------------------------------------------

    def _turn(self, timeout: float) -> bool:
        """Wait until something can be done, at most until the next deadline, and do it.

        Returns False if a borrower must do nothing, since a signal has come.
        """
        ready = [key for key, _ in self.poller.select(min(timeout, self._seconds_left()))]
        if self._loan is not None and any(key.fileobj == self.PIPE[0] for key in ready):
            return False
        for key in ready:
            key.data(key.fileobj)
            if self._unsent and time.monotonic() - self._unsent_since > self.shared_s:
                self._send_unsent()
        self._send_unsent()
        return True

    # -- a borrower -----------------------------------------------------------------------------

    def _borrow(self, loan: Loan) -> None:
        try:
            self._loop.acquire()
            if self._loan is loan:
                self._turn_until_over(loan)
            else:
                self._loop.release()
        finally:
            self._spare.release()

    def _turn_until_over(self, loan: Loan) -> None:
        """Turn the loop until the loan is over, or taken back."""
        try:
            while self.alive and (left := loan.until - time.monotonic()) > 0 and self._turn(left):
                self.murder_keepalived()
        except _TakenBackError:
            return
        except BaseException as error:  # the worker's own thread raises it, and ends
            loan.error = error
        self._loop.release()
        loan.end()

    def _short_kind(self, request: Any) -> int | None:
        """Return the kind of a request that the thread with the loop should answer itself."""
        if self._loan is None:
            return None
        kind = self._pace.kind_of(request)
        return None if self._pace.is_long(kind) else kind

    def _answer_here(self, peer: Peer, request: Any, body: Spooled, kind: int) -> None:
        """Answer a request of a short kind, while the loop can be taken back."""
        loan = self._loan
        assert loan is not None  # noqa: S101
        began = loan.begin(peer)
        self._loop.release()
        try:
            stays = answer_later(self, peer, request, body)
        except BaseException:
            stays = False
        self._pace.note(kind, time.monotonic() - began)
        if not self._has_still(loan):
            self._make_sure(peer, stays)
            raise _TakenBackError
        loan.pause()
        if peer.outgoing.left:
            self._unsent_since = self._unsent_since if self._unsent else began
            self._unsent.append((peer, stays))
        else:
            self._answered(peer, stays)

    def _send_unsent(self) -> None:
        """Sync everything that waiting answers report to disk, and send them."""
        loan, unsent = self._loan, self._unsent
        if loan is None or not unsent:
            return
        loan.begin(None)
        self._loop.release()
        with suppress(OSError):  # of which `make_sure` tells
            for peer, _ in unsent:
                peer.outgoing.left.settle()
        if not self._has_still(loan):
            raise _TakenBackError  # the worker's own thread has passed them to others
        loan.pause()
        self._unsent = []
        for peer, stays in unsent:
            self._answered(peer, make_sure(peer, stays))

    def _make_sure(self, peer: Peer, stays: bool | Held) -> None:
        """Wait for the disk without the loop, and leave an answer to the thread that has it."""
        self.method_queue.defer(self._answered, peer, make_sure(peer, stays))

    def _has_still(self, loan: Loan) -> bool:
        """Return whether the loop is still ours after an answer."""
        if not self._loop.acquire(blocking=False):
            return False
        if self._loan is loan:
            return True
        self._loop.release()  # it is on its way to the next borrower
        return False

    # -- the pool ---------------------------------------------------------------------------------

    def _submit(self, peer: Peer, pool: Threads, work: Callable[[], bool | Held]) -> None:
        def done() -> None:
            try:
                stays = work()
            except BaseException:
                stays = False
            self.method_queue.defer(self._answered, peer, stays)

        pool.submit(done)
