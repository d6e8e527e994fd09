"""What `python app.py` looks at before it serves: command line, `.env`, port and folder."""

from __future__ import annotations

import argparse
import errno
import io
import os
import socket
import subprocess
import sys
import tempfile
import webbrowser
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from flask.helpers import get_load_dotenv

from .config import SETTINGS, ConfigError
from .core.counting import processes
from .setting import FILE_SUFFIX

#: How alike a name in `.env` and a setting's have to be, of 1, for the first to be a slip.
NEARLY_THE_NAME = 0.85

HELP_EPILOG = """\
Settings come from the environment, or from a file .env beside app.py; .env.example lists them.
Other commands: flask --app app --help

examples:
  python app.py --demo --open      try it, with people and a project in it
  python app.py --port 8000        serve on http://127.0.0.1:8000
  python app.py --host 0.0.0.0     let other machines in, too
"""

#: What can be done about an error of the port.
WAYS_OUT = {
    errno.EADDRINUSE: "Stop what uses it, or choose another --port.",
    errno.EACCES: "Ports below 1024 need more rights: choose a --port above.",
    errno.EADDRNOTAVAIL: "This machine has no such address: choose another --host.",
}
HOST_UNKNOWN = "Choose another --host, such as 127.0.0.1."


def read_env_file(path: Path) -> None:
    """Set what a file of settings has and the environment has not; raises ConfigError.

    The `flask` command does the same with a `.env` of the folder that it is called in, so both
    start alike; FLASK_SKIP_DOTENV is its switch against that, and holds here, too.
    """
    if not get_load_dotenv() or not path.is_file():
        return
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}.") from None
    check_env_text(path, text)
    for name, value in dotenv_values(stream=io.StringIO(text)).items():
        if value is not None:
            # The environment goes first: it says what holds for this one start.
            os.environ.setdefault(name, value)


def count_together() -> None:
    """Let several web processes keep their numbers for Prometheus in a folder, if none is named.

    Before the first application: it is when metrics are made that they get their places.
    """
    if os.environ.get("WEB_PROCESSES", "1").strip() not in ("", "1"):
        processes.share(Path(tempfile.gettempdir()))


def check_env_text(path: Path, text: str) -> None:
    """Raise ConfigError for a line that sets nothing, or a name that is nearly a setting's."""
    files = [f"{one.name}{FILE_SUFFIX}" for one in SETTINGS if one.is_confidential]
    known = [*(setting.name for setting in SETTINGS), *files]
    for binding in parse_stream(io.StringIO(text)):
        name = binding.key
        if binding.error or (name is not None and binding.value is None):
            blank = binding.original.string.partition(binding.original.string.lstrip())[0]
            line = binding.original.line + blank.count("\n")
            raise ConfigError(f"{path}, line {line}, must be NAME=value.")
        meant = get_close_matches((name or "").upper(), known, n=1, cutoff=NEARLY_THE_NAME)
        if meant and name not in known:
            raise ConfigError(
                f"{path} sets {name}, which is not a setting: did you mean {meant[0]}?"
            )


def port(text: str) -> int:
    """Parse a port for argparse."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 65535")
    return int(text)


def parse_arguments(default_port: int) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description="Serve Collab: a real-time collaborative workspace.",
        epilog=HELP_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    parser.add_argument(
        "--port", type=port, default=default_port, help="port to serve on (PORT, or %(default)s)"
    )
    parser.add_argument(
        "--demo", action="store_true", help="add people and a project to try it with"
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    return parser.parse_args()


def check_port(host: str, number: int) -> None:
    """Exit with a sentence if the port can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the server will: connections that linger from the last run are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, number))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        way = HOST_UNKNOWN if isinstance(error, socket.gaierror) else WAYS_OUT.get(error.errno or 0)
        sys.exit(f"collab: can't serve on {host}:{number}: {why}. {way or HOST_UNKNOWN}")


def check_folder(instance: Path) -> None:
    """Exit with a sentence if the processes that run jobs can't keep their locks."""
    folder = instance / "workers"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        sys.exit(
            f"collab: can't write in {folder}: {why}. "
            "Make it writable, or set INSTANCE_PATH to a folder that is."
        )


def address(host: str, number: int) -> str:
    """Return the URL at which people of this machine find the service."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{number}"


def open_page(url: str) -> None:
    """Open the page in a browser, in a process of its own; say where it is if there is none."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        print(f"There is no browser to open here: {url}", flush=True)
        return
    command = [sys.executable, "-m", "webbrowser", url]
    subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  (an address of our own)
