"""Code that takes what it was not given (M2)."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from bench.siege.target import Target, Verdict, attack, until_over

#: RLIMIT_DATA forgets memory that can no longer be written.
READ_ONLY = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
size, taken = 16 << 20, 0
while True:
    at = libc.mmap(None, ctypes.c_size_t(size), 3, 0x22, -1, ctypes.c_long(0))
    if at in (None, 2**64 - 1):
        break
    libc.memset(ctypes.c_void_p(at), 1, ctypes.c_size_t(size))
    libc.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(size), 1)
    taken += size
print(taken >> 20)
time.sleep(1)
"""
#: A library of the code's own in Node; then its own machine code, written over.
NATIVE = r"""
const fs = require("fs"), own = "/box/own.node", done = [];
const machine = { x64: "x86_64", arm64: "aarch64" }[process.arch];
fs.copyFileSync(`/usr/lib/${machine}-linux-gnu/engines-3/loader_attic.so`, own);
try { require("crypto").setEngine(own); } catch {}
try { process.dlopen({ exports: {} }, own); } catch {}
if (/r-xp.*own\.node/.test(fs.readFileSync("/proc/self/maps", "utf8")))
  done.push("a library of its own");
try {
  const at = parseInt(fs.readFileSync("/proc/self/maps", "utf8").match(/.*r-xp.*/)[0], 16);
  const memory = fs.openSync("/proc/self/mem", "r+"), one = Buffer.alloc(1);
  fs.readSync(memory, one, 0, 1, at);
  fs.writeSync(memory, one, 0, 1, at);
  done.push("its own machine code written over");
} catch {}
console.log(done.join(", ") || "none");
"""


def ended(target: Target, language: str, code: str) -> dict[str, Any]:
    """Run code and return the job when it is over."""
    api = target.api("mallory")
    job = {"type": "code_execution", "payload": {"language": language, "code": code}}
    until = time.monotonic() + 15
    while (answer := api.call("POST", "/api/v1/jobs", job))[0] != 201:
        if time.monotonic() > until:
            return {"status": f"refused with {answer[0]}", "result": None}
        time.sleep(1)
    number = answer[1]["id"]
    while time.monotonic() < until:
        found: dict[str, Any] = api.want(200, "GET", f"/api/v1/jobs/{number}")
        if found["status"] not in ("queued", "running"):
            return found
        time.sleep(0.2)
    return {"status": "not over", "result": None}


@attack("M2", "code that evades the count of its memory, and loads machine code of its own", 10)
def memory(target: Target) -> Verdict:
    """Take more than is given."""
    taker = ended(target, "python", READ_ONLY)
    native = ended(target, "javascript", NATIVE)
    peak = ((taker["result"] or {}).get("peak_memory_kib") or 0) >> 10
    loaded = ((native["result"] or {}).get("stdout") or native["status"]).strip()
    held = 0 < peak < 400 and loaded == "none"
    return Verdict(held, f"Python's peak {peak} MiB; native code in Node: {loaded}")


#: Threads that hold no lock of the interpreter.
BUSY = """
import hashlib, threading
def spin():
    while True:
        hashlib.pbkdf2_hmac("sha256", b"a", b"b", 200_000)
for _ in range(56):
    threading.Thread(target=spin).start()
"""


@attack("busy code", "code with 56 busy threads, 2 runs at once", 8)
def busy(target: Target) -> Verdict:
    """Take all processors."""
    ends = Counter[str]()

    def keep(_: int) -> bool:
        ends[ended(target, "python", BUSY)["status"]] += 1
        return True

    until_over(target, 2, keep)
    return Verdict(True, f"jobs ended as {dict(ends)}")
