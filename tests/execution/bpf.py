"""Classic BPF as the kernel runs it for seccomp(2): what a filter answers to a system call."""

from __future__ import annotations

import struct

#: Those of linux/bpf_common.h that libseccomp makes.
LOAD, RETURN, ALWAYS, AND = 0x20, 0x06, 0x05, 0x54
EQUAL, GREATER, AT_LEAST, ANY_BIT = 0x15, 0x25, 0x35, 0x45
TESTS = {
    EQUAL: lambda held, k: held == k,
    GREATER: lambda held, k: held > k,
    AT_LEAST: lambda held, k: held >= k,
    ANY_BIT: lambda held, k: bool(held & k),
}


def answer(program: bytes, arch: int, number: int, arguments: tuple[int, ...] = ()) -> int:
    """Return the filter's answer (SECCOMP_RET_...) to a call with up to six arguments."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    steps = list(struct.iter_unpack("<HBBI", program))
    held, at = 0, 0
    while True:
        code, if_true, if_false, k = steps[at]
        at += 1
        if code == RETURN:
            return int(k)
        if code == LOAD:
            held = struct.unpack_from("<I", data, k)[0]
        elif code == AND:
            held &= k
        elif code == ALWAYS:
            at += k
        else:
            at += if_true if TESTS[code](held, k) else if_false
