"""Backups that somebody forged, cut or made elsewhere: each is refused, and says why."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab.maintenance.backup.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    Entry,
    Manifest,
    NotABackup,
    checked_name,
)
from collab.maintenance.backup.sealing import (
    CanNotOpen,
    Identity,
    Passphrase,
    Recipient,
    SealingWriter,
    opened,
)
from collab.maintenance.backup.tape import Piece, TapeWriter, read_tape

MOMENT = "2026-11-29T12:00:00Z"


def manifest(**said: Any) -> Manifest:
    return Manifest(**{"moment": MOMENT, "version": "1", "revision": "r", "keys": {}} | said)


def tape(**files: bytes) -> bytes:
    """Return a backup of some files."""
    target = io.BytesIO()
    writer = TapeWriter(target, manifest(given=[]))
    for name, data in files.items():
        writer.add_open(name, io.BytesIO(data), len(data))
    writer.finish()
    return target.getvalue()


def read(data: bytes) -> list[str]:
    """Return the names in a backup that is whole."""
    found = read_tape(io.BytesIO(data), [])
    return [one.name if isinstance(one, Piece) else one.moment for one in found]


def forged(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return target.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, "/etc/passwd"
    return made


def refusal(data: bytes) -> str:
    with pytest.raises(NotABackup) as refused:
        read(data)
    return str(refused.value)


def test_a_whole_one_is_read_file_by_file() -> None:
    assert read(tape(a=b"1", b=b"2" * 100_000)) == ["a", "b", MOMENT]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_what_is_no_file_is_not_followed(kind: bytes) -> None:
    assert "is not a file" in refusal(forged((member("blobs/x", kind), b"")))


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\0b"])
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    with pytest.raises(NotABackup):
        checked_name(name)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"{", "can't be read"),
        (b"[]", "can't be read"),
        (b"{}", "can't be read"),
        (json.dumps({"format": 1, "files": [], "another": 1}).encode(), "can't be read"),
        (json.dumps({"format": 2, "files": []}).encode(), "a newer Collab"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(said: bytes, why: str) -> None:
    assert why in refusal(forged((member(MANIFEST_NAME), said)))


def test_a_manifest_that_would_fill_the_memory_is_not_read() -> None:
    head = member(MANIFEST_NAME)
    head.size = MAX_MANIFEST_BYTES + 1
    assert "too long" in refusal(head.tobuf() + bytes(10_240))


def test_without_its_manifest_it_was_never_finished() -> None:
    assert "never finished" in refusal(forged((member("a"), b"1")))


@pytest.mark.parametrize(
    ("files", "named"),
    [([Entry("a", 1, "another")], "a"), ([], "a"), ([Entry("b", 1, "x")], "a, b")],
)
def test_what_is_not_as_its_manifest_says_is_named(files: list[Entry], named: str) -> None:
    said = manifest(given=[], files=files).encoded()
    told = refusal(forged((member("a"), b"1"), (member(MANIFEST_NAME), said)))
    assert told == f"Not as it was written: {named}."


def test_no_file_is_written_twice() -> None:
    writer = TapeWriter(io.BytesIO(), manifest(given=[]))
    writer.add_open("a", io.BytesIO(b"1"), 1)
    with pytest.raises(ValueError, match="already"):
        writer.add_open("a", io.BytesIO(b"2"), 1)
    writer.finish()


def test_a_file_that_becomes_shorter_while_it_is_copied_ends_the_backup(tmp_path: Path) -> None:
    place = tmp_path / "short"
    place.write_bytes(b"12")
    with TapeWriter(io.BytesIO(), manifest(given=[])) as tape, pytest.raises(EOFError):
        tape.add("a", place, 3)


# -- sealing --------------------------------------------------------------------------------------

PRIVATE, PUBLIC = Identity.new()
Opening = Callable[[], Any]


def sealed(sealer: Any, data: bytes = b"secret") -> bytes:
    target = io.BytesIO()
    writer = SealingWriter(target, sealer)
    writer.write(data)
    writer.finish()
    return target.getvalue()


def opening(data: bytes, opener: Any) -> bytes:
    return opened(io.BytesIO(data), lambda: opener).read()


def why_not(data: bytes, opener: Any) -> str:
    with pytest.raises(CanNotOpen) as refused:
        opening(data, opener)
    return str(refused.value)


def test_what_was_sealed_to_a_key_is_opened_by_its_private_half_alone() -> None:
    data = sealed(Recipient(PUBLIC))
    assert opening(data, Identity(PRIVATE)) == b"secret"
    assert "not with a passphrase" in why_not(data, Passphrase("words"))
    assert "opens nothing" in why_not(data, Recipient(PUBLIC))
    assert why_not(data[:-1] + bytes([data[-1] ^ 1]), Identity(PRIVATE)) == ""


def test_what_was_sealed_with_a_passphrase_is_opened_by_no_key() -> None:
    words = Passphrase("words")
    data = sealed(words)
    assert opening(data, words) == b"secret"
    assert "not to a key" in why_not(data, Identity(PRIVATE))


def test_a_head_that_says_nothing_opens_nothing() -> None:
    whole = sealed(Recipient(PUBLIC))
    magic, rest = whole.split(b"\n", 1)
    for head in (b"{", b"[]", b'{"by": "recipient"}'):
        data = magic + b"\n" + head + b"\n" + rest.split(b"\n", 1)[1]
        assert why_not(data, Identity(PRIVATE)) == "The file does not say how it is sealed."


@pytest.mark.parametrize("key", [Recipient, Identity])
def test_what_is_no_key_is_told_to_be_none(key: Callable[[str], Any]) -> None:
    with pytest.raises(CanNotOpen, match="is not a"):
        key("no key")
