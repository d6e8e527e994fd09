"""Code that tries to get out: each piece says `reached` where it could, and `refused` if not.

None of it does harm where it succeeds, so each is run without the sandbox too, and must succeed:
an attack that fails everywhere would prove nothing.
"""

from __future__ import annotations

PYTHON_FRAME = """
import ctypes, errno, os, signal, socket, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def attack():
{body}
try:
    attack()
    print("reached")
except (OSError, RuntimeError, ValueError, AssertionError) as error:
    print("refused", repr(error))
"""

JAVASCRIPT_FRAME = """
const fs = require("fs"), net = require("net"), child = require("child_process");
const reached = () => console.log("reached");
const refused = (error) => console.log("refused", String(error));
const check = (true_) => {{ if (!true_) throw new Error("not there"); }};
try {{ {body} }} catch (error) {{ refused(error); }}
"""

FIND = """
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if @MARK in open(f"/proc/{name}/WHERE", "rb").read().decode(errors="replace"):
                return
        except OSError:
            pass
    assert False, "no such process"
"""

JAVASCRIPT_FIND = """
const read = (path) => {{
  try {{ return fs.readFileSync(path, "latin1"); }} catch {{ return ""; }}
}};
check(fs.readdirSync("/proc").some((name) => read(`/proc/${{name}}/WHERE`).includes(@MARK)));
reached();
"""

#: A library that is loaded already, by its path.
LIBRARY = "next(x.split()[-1] for x in open('/proc/self/maps') if '/libm.so' in x)"
COPY = """
    import shutil, tempfile
    path = tempfile.mktemp(dir="/box" if os.path.exists("/box") else @FOLDER)
    shutil.copy(SOURCE, path)
"""

#: OpenSSL's engine that does nothing; Debian has it with libssl.
JAVASCRIPT_COPY = """
const own = (fs.existsSync("/box") ? "/box" : @FOLDER) + `/${{process.hrtime.bigint()}}.node`;
const machine = {{ x64: "x86_64", arm64: "aarch64" }}[process.arch];
fs.copyFileSync(`/usr/lib/${{machine}}-linux-gnu/engines-3/loader_attic.so`, own);
const loaded = () =>
  fs.readFileSync("/proc/self/maps", "utf8").split("\\n").some(
    (line) => line.includes("r-xp") && line.includes(own));
"""

#: In these, @FILE and the like stand for what belongs to the server: see `Target.words`.
PYTHON = {
    "read /etc/passwd": "    open('/etc/passwd').read()",
    "read the database": "    open(@FILE).read()",
    "read the server's environment": FIND.replace("WHERE", "environ"),
    "see other processes": FIND.replace("WHERE", "cmdline"),
    "signal the server": "    os.kill(@PROCESS, 0)",
    "connect to loopback": "    socket.create_connection(('127.0.0.1', @PORT), 5)",
    "connect to loopback (IPv6)": "    socket.create_connection(('::1', @PORT6), 5)",
    "listen": "    socket.create_server(('127.0.0.1', 0))",
    "open a netlink socket": "    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "open a datagram socket": "    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "make a process": "    os.fork() or os._exit(0)",
    "start a program": "    os.posix_spawn('/usr/bin/true', ['true'], {})",
    "leave a daemon behind": (
        "    os.fork() or (os.setsid(), os.fork() or os._exit(0), os._exit(0))"
    ),
    "share anonymous memory": "    import mmap; mmap.mmap(-1, 4096)",
    "make a file in memory": "    os.memfd_create('x')",
    "share memory by key (System V)": (
        "    n = libc.shmget(0, 4096, 0o600); assert n >= 0; libc.shmctl(n, 0, None)"
    ),
    "grow a stack elsewhere": (
        "    import mmap; mmap.mmap(-1, 4096, flags=0x122, prot=mmap.PROT_READ | mmap.PROT_WRITE)"
    ),
    "be traced": "    assert libc.ptrace(0, 0, 0, 0) == 0",
    "read another's memory": (
        "    b = ctypes.create_string_buffer(8)\n"
        "    v = (ctypes.c_size_t * 2)(ctypes.addressof(b), 8)\n"
        "    assert libc.process_vm_readv(os.getpid(), v, 1, v, 1, 0) == 8"
    ),
    "make a user namespace": "    assert libc.unshare(0x10000000) == 0",
    "make 100 threads": (
        "    e = threading.Event()\n    try:\n        for _ in range(100):\n"
        "            threading.Thread(target=e.wait).start()\n    finally:\n        e.set()"
    ),
    "take 2 GiB of addresses": "    import mmap; mmap.mmap(-1, 2 << 30, flags=0x22)",
    "open the parent's root": "    os.listdir(f'/proc/{os.getppid()}/root')",
    "read the parent's environment": "    open(f'/proc/{os.getppid()}/environ').read()",
    "write to the kernel's settings": "    open('/proc/sys/kernel/core_pattern', 'r+').close()",
    "write beside the programs": "    open('/usr/lib/@NAME', 'x'); os.unlink('/usr/lib/@NAME')",
    "write to /": "    open('/@NAME', 'x'); os.unlink('/@NAME')",
    "write a big file": (
        "    path = ('/box' if os.path.exists('/box') else @FOLDER) + '/@NAME'\n"
        "    f = open(path, 'wb', 0)\n    for _ in range(20):\n"
        "        assert f.write(bytes(1 << 20)) == 1 << 20\n    os.unlink(path)"
    ),
    "run a program of its own": COPY.replace("SOURCE", "sys.executable")
    + "    os.access(path, os.X_OK) or os.chmod(path, 0o755)\n"
    + "    sys.stdout.flush(); os.execv(path, [path, '-c', 'print(\"reached\")'])",
    "load a library of its own": COPY.replace("SOURCE", LIBRARY) + "    ctypes.CDLL(path)",
    "run a file in memory": COPY.replace("SOURCE", LIBRARY).replace("/box", "/dev/shm")
    + "    import mmap; f = os.open(path, os.O_RDONLY)\n"
    + "    mmap.mmap(f, 4096, flags=2, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "make a file of its own executable": COPY.replace("SOURCE", LIBRARY)
    + "    import mmap; f = os.open(path, os.O_RDWR); m = mmap.mmap(f, 4096, flags=2)\n"
    + "    at = ctypes.addressof(ctypes.c_char.from_buffer(m))\n"
    + "    if libc.mprotect(ctypes.c_void_p(at), 4096, 5): raise OSError(ctypes.get_errno())",
    "write over its own machine code": (
        "    at = int(next(x for x in open('/proc/self/maps') if 'r-xp' in x).split('-')[0], 16)\n"
        "    f = os.open('/proc/self/mem', os.O_RDWR)\n    os.pwrite(f, os.pread(f, 1, at), at)"
    ),
    "grow a pipe": "    import fcntl; fcntl.fcntl(os.pipe()[1], fcntl.F_SETPIPE_SZ, 1 << 20)",
    "grow a pipe by a number of 64 bits": "    call(@FCNTL, os.pipe()[1], 1031 | 1 << 32, 1 << 20)",
    "watch files": "    assert libc.inotify_init() >= 0",
    "raise a limit": (
        "    import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))"
    ),
    "keep rights": (
        "    assert 'CapEff:\\t0000000000000000' not in open('/proc/self/status').read()"
    ),
}

JAVASCRIPT = {
    "read /etc/passwd": "fs.readFileSync('/etc/passwd'); reached();",
    "read the database": "fs.readFileSync(@FILE); reached();",
    "read the server's environment": JAVASCRIPT_FIND.replace("WHERE", "environ"),
    "see other processes": JAVASCRIPT_FIND.replace("WHERE", "cmdline"),
    "signal the server": "process.kill(@PROCESS, 0); reached();",
    "connect to loopback": (
        "const s = net.connect(@PORT, '127.0.0.1');"
        "s.on('connect', () => {{ reached(); s.destroy(); }}).on('error', refused);"
    ),
    "listen": (
        "const s = net.createServer().on('error', refused);"
        "s.listen(0, '127.0.0.1', () => {{ reached(); s.close(); }});"
    ),
    "start a program": (
        "const done = child.spawnSync('/usr/bin/true');if (done.error) throw done.error; reached();"
    ),
    "leave a daemon behind": (
        "const c = child.spawn('/usr/bin/true', [], {{detached: true, stdio: 'ignore'}});"
        "c.on('error', refused).on('exit', reached);"
    ),
    "open the parent's root": "fs.readdirSync(`/proc/${process.ppid}/root`); reached();",
    "write beside the programs": (
        "fs.writeFileSync('/usr/lib/@NAME', ''); fs.unlinkSync('/usr/lib/@NAME'); reached();"
    ),
    "load an addon of its own": JAVASCRIPT_COPY
    + "try {{ process.dlopen({{ exports: {{}} }}, own); }} catch (error) {{"
    + " if (!loaded()) throw error; }} check(loaded()); reached();",
    "load an addon of its own in a worker": JAVASCRIPT_COPY
    + "const worker = new (require('worker_threads').Worker)("
    + "`process.dlopen({{ exports: {{}} }}, ${{JSON.stringify(own)}})`,"
    + " {{ eval: true, execArgv: ['--addons'] }});"
    + "worker.on('error', (error) => (loaded() ? reached() : refused(error)));",
    "load an engine of its own": JAVASCRIPT_COPY
    + "require('crypto').setEngine(own); check(loaded()); reached();",
    "write over its own machine code": (
        "const line = fs.readFileSync('/proc/self/maps', 'utf8').match(/.*r-xp.*/)[0];"
        "const at = parseInt(line, 16), one = Buffer.alloc(1);"
        "const memory = fs.openSync('/proc/self/mem', 'r+');"
        "fs.readSync(memory, one, 0, 1, at); fs.writeSync(memory, one, 0, 1, at); reached();"
    ),
    "take 1 GiB of memory": "Buffer.alloc(2 ** 30); reached();",
}

ATTACKS = [("python", name) for name in PYTHON] + [("javascript", name) for name in JAVASCRIPT]


def attack(language: str, name: str, stands_for: dict[str, object]) -> str:
    """Return the code of an attack, aimed at something."""
    frame, body = {
        "python": (PYTHON_FRAME, PYTHON),
        "javascript": (JAVASCRIPT_FRAME, JAVASCRIPT),
    }[language]
    text = body[name]
    if language == "javascript":
        text = text.replace("{{", "{").replace("}}", "}")
    code = frame.format(body=text)
    # The longest first: @PORT is the beginning of @PORT6.
    for word in sorted(stands_for, key=len, reverse=True):
        value = stands_for[word]
        quoted = isinstance(value, str) and word != "NAME"
        code = code.replace("@" + word, repr(value) if quoted else str(value))
    return code
