"""Returns freed memory to the system, and exempts permanent objects from garbage collection."""

from __future__ import annotations

import ctypes
import gc
import sys

#: Parameters of glibc's `mallopt` (man 3 mallopt).
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
#: Allocations from this many bytes on get a mapping of their own, returned to the system when
#: freed. By default glibc raises this to the largest that was freed, and keeps later ones of that
#: size.
OWN_MAPPING_BYTES = 256 * 1024
#: Heaps that threads share. Python's threads take turns anyway; by default glibc makes eight for
#: each core, and each keeps what its threads once needed.
MAX_ARENAS = 2


def configure() -> bool:
    """Have freed memory returned to the system; return whether the C library can do so (glibc can).

    It must be called before any thread starts.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = {M_MMAP_THRESHOLD: OWN_MAPPING_BYTES, M_ARENA_MAX: MAX_ARENAS}
    return all(int(mallopt(name, value)) == 1 for name, value in settings.items())


def give_back() -> bool:
    """Have the C library return the free pages of its heaps; return that it is done.

    Unasked, it returns only the end of a heap, so one small block there keeps everything before it.
    """
    library = ctypes.CDLL(None)
    if sys.platform.startswith("linux") and hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
    return False


def settle() -> None:
    """Exempt all present objects from garbage collection, once the application is built.

    A full collection visits every object while no other thread runs: those of the application alone
    take 100 ms, and none of them is ever garbage.
    """
    gc.collect()
    gc.freeze()
