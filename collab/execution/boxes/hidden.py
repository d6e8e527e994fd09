"""What only root may reach, shown to the box: a virtual environment below /root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..programs import Installed, reachable

#: From util-linux, like prlimit; only used outside, so it is not one of the box's tools.
UNSHARE_PROGRAM = "/usr/bin/unshare"
#: Where root shows the user nobody what they can't reach, in a mount namespace of this run.
SHOWN_FOLDER = "/mnt"
SHOW_COMMAND = f"""
umask 022 # the server's own is for files that nobody else may read
mount -t tmpfs -o mode=0755,size=1m shown {SHOWN_FOLDER} || exit
while [ "$1" != -- ]; do
  mkdir -p "$(dirname "$2")"
  if [ -d "$1" ]; then mkdir -p "$2"; else : > "$2"; fi
  mount --bind "$1" "$2" || exit
  shift 2
done
shift
exec "$@"
"""


def hidden_mounts(programs: Iterable[Installed]) -> dict[str, str]:
    """Return the mounts that the user nobody can't reach, each with a place where they can.

    A virtual environment, or a Python, in root's home is behind a door that only root opens.
    """
    return {
        source: f"{SHOWN_FOLDER}{place}"
        for program in programs
        for source, place in program.mounts
        if not reachable(Path(source))
    }


def within(path: str, hidden: Mapping[str, str]) -> str:
    """Return where a path is, for the user nobody too."""
    for source, place in hidden.items():
        if Path(path).is_relative_to(source):
            return str(place / Path(path).relative_to(source))
    return path


def showing(shell: Installed, hidden: Mapping[str, str]) -> list[str]:
    """Return what mounts, in its own namespace, what the user nobody can't reach elsewhere."""
    if not hidden:
        return []
    places = [word for pair in hidden.items() for word in pair]
    return [
        UNSHARE_PROGRAM,
        "--mount",
        "--",
        shell.outside,
        "-c",
        SHOW_COMMAND,
        "sh",
        *places,
        "--",
    ]
