"""The far side of `process.py`: a program that runs one handler, with only the standard library.

It imports neither the package that it is in, nor pathlib or typing: it starts in some 25 ms. A
*supervisor* starts the *worker*, which loads the handler. When the worker ends, or the supervisor
is told to stop, or the server dies, the supervisor kills all below it. Nothing escapes: an orphan
becomes the supervisor's child, whatever session it is in (`PR_SET_CHILD_SUBREAPER`).
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import os
import resource
import signal
import sys
import threading
import time

TYPE_CHECKING = False  # not that of `typing`: to import it takes longer than most that is here
if TYPE_CHECKING:
    from typing import Any, NoReturn

#: Bytes of JSON that a handler may return.
MAX_RESULT_BYTES = 2**20
#: Characters of log lines that are sent.
MAX_LOG_CHARACTERS = 2**16
#: Characters of a progress message.
MAX_PROGRESS_CHARACTERS = 200
#: Characters of an error's message.
MAX_ERROR_CHARACTERS = 1000
#: Progress is sent at once this often.
PROGRESS_BURST = 50
#: After that, this many times a second, and the newest with the end.
PROGRESS_PER_S = 5
#: Bytes of a file that a handler writes.
MAX_FILE_BYTES = 64 * 2**20
#: Files that it may have open.
MAX_OPEN_FILES = 64

#: From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
OOM_SCORE = "/proc/self/oom_score_adj"


class Failure(Exception):
    """The handler has given up, and another attempt would not help: a sentence and a code."""


class Channel:
    """The way back to the server: JSON lines on a pipe. Usable from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.Lock()
        self._started = time.monotonic()
        self._logged = self._progressed = 0
        self._waiting: dict[str, Any] | None = None

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; raises ValueError or TypeError for what JSON can't say."""
        line = json.dumps(message, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]

    def progress(self, fraction: float, message: str) -> None:
        """Send the progress, unless it was sent too often: then it goes with the next message."""
        self._waiting = {"type": "progress", "fraction": float(fraction), "message": message}
        allowed = PROGRESS_BURST + PROGRESS_PER_S * (time.monotonic() - self._started)
        if self._progressed < allowed:
            self._progressed += 1
            self.flush()

    def flush(self) -> None:
        """Send the waiting progress."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            self.send(waiting)

    def log(self, line: str) -> None:
        """Send a line of the log, up to the limit: the receiver keeps no more either."""
        room = MAX_LOG_CHARACTERS - self._logged
        self._logged += len(line) + 1
        if room > 0:
            self.send({"type": "log", "line": line[:room]})


class Context:
    """What a handler sees of its run, after the context of AWS Lambda."""

    def __init__(self, request: dict[str, Any], channel: Channel) -> None:
        self.function_name: str = request["function_name"]
        self.aws_request_id: str = request["request_id"]
        #: The number of this attempt, from 1.
        self.attempt: int = request["attempt"]
        self.memory_limit_in_mb: int = request["memory_mb"]
        #: Paths of the files to work on, by name.
        self.inputs: dict[str, str] = request["inputs"]
        #: Where to write a file that is to be kept with the result.
        self.output_path: str = request["output_path"]
        self.attached: dict[str, str | None] = {}
        self._deadline: float = request["deadline"]
        self._channel = channel

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the run is ended."""
        return max(0, round((self._deadline - time.monotonic()) * 1000))

    def progress(self, fraction: float, message: str = "") -> None:
        """Say how far the run is, from 0 to 1, and perhaps what it does."""
        self._channel.progress(
            min(1.0, max(0.0, fraction)), speakable(message)[:MAX_PROGRESS_CHARACTERS]
        )

    def log(self, line: object) -> None:
        """Add a line to the job's log."""
        self._channel.log(speakable(line))

    def attach(self, content_type: str, filename: str | None = None) -> None:
        """Say what the file at `output_path` is, and what to call it when it is fetched."""
        self.attached["content_type"] = speakable(content_type)
        self.attached["filename"] = None if filename is None else speakable(filename)

    def fail(self, message: str, code: str = "failed") -> NoReturn:
        """Give up for good: the job fails with this sentence and is not tried again."""
        raise Failure(message, code)


def speakable(value: object) -> str:
    """Return text that UTF-8 can carry: half a surrogate pair becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()


def limit(kind: int, value: int, spare: int = 0) -> None:
    """Lower a limit of this process: `spare` is what the hard limit has above the soft one."""
    hard = resource.getrlimit(kind)[1]
    ceiling = value + spare if hard == resource.RLIM_INFINITY else min(value + spare, hard)
    resource.setrlimit(kind, (min(value, ceiling), ceiling))


def confine(memory_mb: int, deadline: float) -> None:
    """Limit what the handler may use; when memory is short the kernel ends it before the server."""
    seconds = max(0, int(deadline - time.monotonic())) + 1
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, seconds, spare=1)
    limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    limit(resource.RLIMIT_AS, memory_mb * 2**20)
    with contextlib.suppress(OSError), open(OOM_SCORE, "w") as score:  # noqa: PTH123
        score.write("1000")


def load(path: str) -> Any:
    """Import a handler's file, which may import what is beside it; return its `handler`."""
    sys.path.insert(0, os.path.dirname(path))  # noqa: PTH120
    spec = importlib.util.spec_from_file_location("collab_handler", path)
    if spec is None or spec.loader is None:
        raise Failure("The handler is not a Python file.", "no_handler")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "handler", None)):
        raise Failure("The handler's file defines no handler(event, context).", "no_handler")
    return module.handler


def answer(data: Any, attached: dict[str, str | None]) -> dict[str, Any]:
    """Make the message of success; raises Failure for what can't be a result."""
    if data is not None and not isinstance(data, dict):
        raise Failure(f"The handler returned {type(data).__name__}, not an object.", "bad_result")
    try:
        size = len(json.dumps(data, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise Failure(
            f"The handler returned something that is not JSON: {error}.", "bad_result"
        ) from None
    if size > MAX_RESULT_BYTES:
        raise Failure("The handler returned more than 1 MiB of JSON.", "result_too_large")
    return {"type": "result", "data": data, "content_type": None, "filename": None} | attached


def explain(error: BaseException, channel: Channel, folder: str) -> dict[str, Any]:
    """Make the message of failure; the traceback goes to the log, except our own frames."""
    if isinstance(error, Failure):
        message, code = error.args
        return _refusal(code, message, retry=False)
    import traceback  # costs time that a success need not spend

    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))
    channel.log(speakable(text.rstrip().replace(folder + os.sep, "")))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _refusal("handler_error", what, retry=getattr(error, "retry", True) is not False)


def _refusal(code: str, message: str, retry: bool) -> dict[str, Any]:
    told = {"code": speakable(code)[:64], "message": speakable(message)[:MAX_ERROR_CHARACTERS]}
    return {"type": "error", "retry": retry} | told


def perform(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Run the handler and return the message that ends the conversation."""
    context = Context(request, channel)
    try:
        data = load(request["handler"])(request["event"], context)
        return answer(data, context.attached)
    except MemoryError:
        what = f"The handler needed more than its {context.memory_limit_in_mb} MiB of memory."
        return _refusal("out_of_memory", what, retry=True)
    except BaseException as error:  # SystemExit too: it ends the handler, not the conversation
        return explain(error, channel, os.path.dirname(request["handler"]))  # noqa: PTH120


def work(request: dict[str, Any], descriptor: int, supervisor: int) -> NoReturn:
    """Be the worker: confine this process, run the handler, answer, end."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:  # it died before the line above
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    with open(os.devnull) as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    channel = Channel(descriptor)
    confine(request["memory_mb"], request["deadline"])
    message = perform(request, channel)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the handler may have closed or replaced it
            stream.flush()
    channel.flush()
    channel.send(message)
    os._exit(0)  # at once, without waiting for threads that the handler left running


def prctl(option: int, value: int) -> None:
    """Set something about this process that only Linux has."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def supervise(worker: int) -> int:
    """Wait until the worker ends, or a signal to stop; return the exit code, as a shell has it."""
    while signal.sigwait({signal.SIGTERM, signal.SIGCHLD}) == signal.SIGCHLD:
        # One signal may stand for several children; orphans of the handler are among them.
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == worker:
                    code = os.waitstatus_to_exitcode(ended[1])
                    return code if code >= 0 else 128 - code
    return 128 + signal.SIGTERM


def kill_offspring() -> None:
    """Kill all processes below this one: those that lose their parent become our children."""
    while True:
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as children:  # noqa: PTH123
                pids = [int(pid) for pid in children.read().split()]
        except OSError:  # no such list here: all that are still in our group, and us
            os.killpg(0, signal.SIGKILL)
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.001)
        except ChildProcessError:
            return


def main(server: int, descriptor: int) -> NoReturn:
    """Be the supervisor: read the request, start the worker, make sure that everything ends."""
    os.set_inheritable(descriptor, False)
    request = json.load(sys.stdin.buffer)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM, signal.SIGCHLD})
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    supervisor, code = os.getpid(), 1
    if os.getppid() == server:  # or it died before the line above
        if (worker := os.fork()) == 0:
            work(request, descriptor, supervisor)
        code = supervise(worker)
        kill_offspring()
    if os.getppid() != server:  # nobody else is left to tidy up
        import shutil

        shutil.rmtree(request["folder"], ignore_errors=True)
    os._exit(code)
