"""Where mails go without a mail server: files in the instance folder, readable by mail programs."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from ..core.slots import setting

logger = logging.getLogger(__name__)

#: Mails that are kept; the oldest go.
MAX_MAILS_KEPT = 200
#: The name of a file without its suffix: the mail's id.
NAME_PATTERN = re.compile(r"[0-9]{8,19}")


def folder() -> Path:
    """Return the folder."""
    return Path(setting("INSTANCE_PATH")) / "mail"


def keep(mail_id: int, message: bytes) -> Path:
    """Write a mail as a file that only the server's own user can read; replaces an earlier copy.

    Raises OSError.
    """
    place = folder()
    place.mkdir(mode=0o700, exist_ok=True)
    path = place / f"{mail_id:08d}.eml"
    draft = path.with_suffix(".part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message)
    # Programs that watch the folder see only complete mails.
    draft.replace(path)
    _tidy(place)
    logger.info("a mail is kept as %s, since SMTP_URL is not set", path)
    return path


def ids() -> dict[int, Path]:
    """Return the files that are kept, by the ids of their mails."""
    found = folder().glob("*.eml")
    return {int(path.stem): path for path in found if NAME_PATTERN.fullmatch(path.stem)}


def forget(path: Path) -> None:
    """Delete a file, unless another worker has."""
    path.unlink(missing_ok=True)


def _tidy(place: Path) -> None:
    for old in sorted(place.glob("*.eml"))[:-MAX_MAILS_KEPT]:
        forget(old)
