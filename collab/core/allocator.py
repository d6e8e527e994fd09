"""Freed memory goes back to the system, and garbage collection passes over what lives for good."""

from __future__ import annotations

import ctypes
import gc
import sys

#: Parameters of glibc's `mallopt` (man 3 mallopt).
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
#: Bytes from which on an allocation is a mapping of its own, which goes back to the system at once.
#: Left alone, glibc raises this to the largest that was freed, and what is as large then stays.
OWN_MAPPING_BYTES = 256 * 1024
#: Heaps that threads share. Python's threads take turns anyway; glibc makes eight for each core,
#: and each keeps what its threads once needed.
MAX_ARENAS = 2


def configure() -> bool:
    """Have freed memory given back; return whether the C library knows how (glibc does).

    It has to be called before there are threads.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = {M_MMAP_THRESHOLD: OWN_MAPPING_BYTES, M_ARENA_MAX: MAX_ARENAS}
    return all(int(mallopt(name, value)) == 1 for name, value in settings.items())


def give_back() -> bool:
    """Have the C library give back the pages of its heaps that are free; return that it is done.

    By itself it gives back what lies at a heap's end, and one small block there keeps all before.
    """
    library = ctypes.CDLL(None)
    if sys.platform.startswith("linux") and hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
    return False


def settle() -> None:
    """Leave all that there is now out of garbage collection, once the application is built.

    A full collection goes along every object while no other thread runs: along those of the
    application alone for 100 ms, and none of them is ever garbage.
    """
    gc.collect()
    gc.freeze()
