"""argon2id so that other requests hardly notice: in threads of low priority, in large pages.

A hash in a request's own thread competes for the core with those that answer others, for some
milliseconds each. And the memory that the C library finds for it is 4,865 pages, which the system
creates one by one: that takes half as long as the hash. Ten large pages suffice.
"""

from __future__ import annotations

import mmap
import os
import re
import sys
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from hmac import compare_digest
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION, Type, core, error_to_str, ffi

T = TypeVar("T")

#: OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
OWASP_MIB = 19
PASSES_OVER_IT = 2
LANES_AT_ONCE = 1
SALT_BYTES = 16
TAG_BYTES = 32
KIB_PER_MIB = 1024
#: A hash uses whole large pages: ten, for 19 MiB.
LARGE_PAGE_BYTES = 2 * 2**20
#: The niceness of a hashing thread, of 19: where all want the core, it gets a tenth.
NICE_STEPS = 10

#: How a hash with these passes and lanes is written (PHC string format): with its memory in KiB, 1
#: MiB or more, its salt and its tag.
_BEFORE = f"$argon2id$v={ARGON2_VERSION}$m="
_AFTER = f",t={PASSES_OVER_IT},p={LANES_AT_ONCE}$"
_SPELLING = re.compile(
    rf"{re.escape(_BEFORE)}(\d{{4,7}}){re.escape(_AFTER)}([\w+/]{{22}})\$([\w+/]{{43}})", re.ASCII
)

#: For older hashes with other parameters.
_hasher = PasswordHasher(
    PASSES_OVER_IT, OWASP_MIB * KIB_PER_MIB, LANES_AT_ONCE, TAG_BYTES, SALT_BYTES
)


def make(password: str, mib: int) -> str:
    """Return a hash with a new salt, made in so many MiB."""
    salt = os.urandom(SALT_BYTES)
    return spelled(salt, _behind(lambda: _tag(password.encode(), salt, mib * KIB_PER_MIB)), mib)


def matches(password: str, kept: str) -> bool:
    """Return whether a hash is this password's; False for what is not a hash."""
    return _behind(lambda: _matches(password, kept))


def outdated(kept: str, mib: int) -> bool:
    """Return whether a hash was made with parameters other than today's."""
    return not _SPELLING.fullmatch(kept) or not kept.startswith(_prefix(mib))


def _prefix(mib: int) -> str:
    return f"{_BEFORE}{mib * KIB_PER_MIB}{_AFTER}"


def spelled(salt: bytes, tag: bytes, mib: int) -> str:
    """Write a hash as it is stored."""
    return _prefix(mib) + "$".join(b64encode(part).decode().rstrip("=") for part in (salt, tag))


def _matches(password: str, kept: str) -> bool:
    if found := _SPELLING.fullmatch(kept):
        kib, *parts = found.groups()
        salt, tag = (b64decode(part + "=" * (-len(part) % 4)) for part in parts)
        return compare_digest(_tag(password.encode(), salt, int(kib)), tag)
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _tag(password: bytes, salt: bytes, kib: int) -> bytes:
    """Return the tag of a password (RFC 9106), computed in memory of our own."""
    out, secret, salted = ffi.new("uint8_t[]", TAG_BYTES), *map(ffi.from_buffer, (password, salt))
    with _memory(kib) as memory, ffi.from_buffer("uint8_t[]", memory) as place:

        @ffi.callback("int(uint8_t **, size_t)", error=-1)
        def give(where: Any, size: int) -> int:
            where[0] = place
            return 0 if size <= len(memory) else -1

        @ffi.callback("void(uint8_t *, size_t)")
        def take_back(where: Any, size: int) -> None:
            """Do nothing: the memory ends with the block."""

        context = ffi.new("argon2_context *")
        context.out, context.outlen = out, TAG_BYTES
        context.pwd, context.pwdlen = secret, len(password)
        context.salt, context.saltlen = salted, len(salt)
        context.t_cost, context.m_cost, context.version = PASSES_OVER_IT, kib, ARGON2_VERSION
        context.lanes = context.threads = LANES_AT_ONCE
        context.allocate_cbk, context.free_cbk = give, take_back
        code = core(context, Type.ID.value)
    if code:
        raise HashingError(error_to_str(code))
    return bytes(ffi.buffer(out))


def _memory(kib: int) -> mmap.mmap:
    """Return memory that goes back to the system as soon as it is closed."""
    pages = -(-kib * 1024 // LARGE_PAGE_BYTES)
    made = mmap.mmap(-1, pages * LARGE_PAGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if sys.platform.startswith("linux"):
        with suppress(OSError):  # a kernel without large pages
            made.madvise(mmap.MADV_HUGEPAGE)
    return made


def _behind(work: Callable[[], T]) -> T:
    """Do something in a thread that leaves the core to others whenever they want it.

    It must not hold the interpreter for long: those who wait for that wait for this thread's turns.
    """
    done: Future[T] = Future()

    def run() -> None:
        if sys.platform.startswith("linux"):  # where threads have their own priorities
            os.nice(NICE_STEPS)
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="hash").start()
    return done.result()
