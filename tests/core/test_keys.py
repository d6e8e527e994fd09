"""The keys that were not given are made on the first start and kept for the next ones."""

from __future__ import annotations

import base64
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from joserfc import jwe

from collab import create_app
from collab.config import ConfigError
from collab.core.security import SealedBox, kept_secret
from collab.core.transactions.database_file import database_file
from collab.ingest.worker.supervisor import options_of

from ..conftest import close, http_for
from ..support import databases
from ..support.each import each
from ..support.people import ok, register

NAMES = ("SECRET_KEY", "JWT_SECRET_KEY", "SEALING_KEY")


def started(folder: Path, **settings: str) -> Flask:
    return create_app({"INSTANCE_PATH": str(folder), "LOG_LEVEL": "error"} | settings)


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_made_once(tmp_path: Path, name: str) -> None:
    assert started(tmp_path).config[name] == started(tmp_path).config[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_long(tmp_path: Path, name: str) -> None:
    assert len(started(tmp_path).config[name]) >= 64


def test_keys_differ(tmp_path: Path) -> None:
    apps = [started(tmp_path / folder) for folder in "ab"]
    keys = [app.config[name] for app in apps for name in NAMES]
    assert len(set(keys)) == 6


@pytest.mark.parametrize("name", NAMES)
def test_only_the_owner_reads_a_key(tmp_path: Path, name: str) -> None:
    started(tmp_path)
    assert stat.S_IMODE((tmp_path / name.lower()).stat().st_mode) == 0o600


def test_the_folder_is_the_owners_alone(tmp_path: Path) -> None:
    started(tmp_path / "deep" / "down")
    assert stat.S_IMODE((tmp_path / "deep" / "down").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", NAMES)
def test_a_key_that_is_given_is_not_kept(tmp_path: Path, name: str) -> None:
    started(tmp_path, **{name: "a key that was given, and is long enough"})
    assert not (tmp_path / name.lower()).exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_key_file_stops_the_start(tmp_path: Path, name: str) -> None:
    (tmp_path / name.lower()).write_text("")
    with pytest.raises(ConfigError, match=name.lower()):
        started(tmp_path)


def test_of_several_that_make_a_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    start = threading.Barrier(16)

    def make(_: int) -> str:
        start.wait(30)
        return kept_secret(tmp_path / "key")

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(make, range(16)))) == 1


def test_making_a_key_leaves_nothing_else_behind(tmp_path: Path) -> None:
    kept_secret(tmp_path / "key")
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def is_synced(log: Path) -> bool:
    """Return whether this process has a file open to read alone, as whoever syncs it does."""
    opened = [one.name for one in Path("/proc/self/fd").iterdir() if one.resolve() == log]
    told = [Path(f"/proc/self/fdinfo/{name}").read_text() for name in opened]
    flags = [int(text.split("flags:")[1].split()[0], 8) for text in told]
    return any(one & os.O_ACCMODE == os.O_RDONLY for one in flags)


@pytest.mark.sqlite("file")
def test_the_folder_may_have_an_odd_name(tmp_path: Path, template_of_nobody: Path) -> None:
    """All who look for the database's file, or for one beside it, look in this folder."""
    folder = tmp_path / "what? 100% é #1"
    folder.mkdir()
    databases.copy(template_of_nobody, folder)
    (folder / "collab.db").chmod(0o644)
    app = started(folder)
    with http_for(app) as http:
        dora = register(http, "dora")
        ok(dora.post("/projects", {"name": "Apollo"}))  # synced, and seen by other processes
    seen = {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()}
    assert "collab.db-rights" in seen
    assert is_synced(folder / "collab.db-wal")
    assert seen["collab.db"] == 0
    assert options_of(app).database == str(folder / "collab.db")
    close(app)
    assert list(tmp_path.iterdir()) == [folder]


@each(
    [
        ("sqlite:////srv/100%25 %C3%A9/c.db", Path("/srv/100% é/c.db")),
        ("sqlite:////srv/c.db?timeout=5", Path("/srv/c.db")),
        ("sqlite:///c.db", Path("c.db")),
        ("postgresql+psycopg://collab@/collab", None),
    ]
)
def test_an_address_quotes_the_file_that_it_names(url: str, file: Path | None) -> None:
    assert database_file(url) == file


# -- sealing --------------------------------------------------------------------------------------

SECRET = "a secret that only this test knows"


def test_a_box_opens_what_it_sealed() -> None:
    assert SealedBox(SECRET, "a").open(SealedBox(SECRET, "a").seal({"x": 1})) == {"x": 1}


def test_a_box_of_another_purpose_does_not() -> None:
    assert SealedBox(SECRET, "b").open(SealedBox(SECRET, "a").seal({"x": 1})) is None


def test_a_box_with_another_secret_does_not() -> None:
    assert SealedBox(SECRET + "!", "a").open(SealedBox(SECRET, "a").seal({"x": 1})) is None


def test_what_is_sealed_can_not_be_read() -> None:
    assert "secret" not in SealedBox(SECRET, "a").seal({"secret": "secret"})


def test_the_same_is_never_sealed_alike() -> None:
    assert SealedBox(SECRET, "a").seal({"x": 1}) != SealedBox(SECRET, "a").seal({"x": 1})


def changed(token: str) -> list[str]:
    """Return a token with each of its parts changed, cut off and left out."""
    parts = token.split(".")
    found = ["", ".", "....", "é.é.é.é.é", token + ".x", token[:-4], token * 2]
    for index, part in enumerate(parts):
        others = {"", "AAAA", part[:-1], "!" + part[1:]} - {part}
        found += [".".join([*parts[:index], one, *parts[index + 1 :]]) for one in sorted(others)]
    return found


CHANGED = changed(SealedBox(SECRET, "a").seal({"x": 1}))


# Numbered: the tokens differ from process to process, and their number may not.
@pytest.mark.parametrize("token", CHANGED, ids=range(len(CHANGED)))
def test_a_box_does_not_open_what_was_changed(token: str) -> None:
    assert SealedBox(SECRET, "a").open(token) is None


HEADS = [
    "5",
    "[]",
    "null",
    "{}",
    '"x"',
    "\xff",
    '{"alg": "dir"}',
    '{"alg": 5, "enc": []}',
    '{"alg": "none", "enc": "none"}',
    '{"alg": "RSA-OAEP", "enc": "A256GCM"}',
    '{"alg": "dir", "enc": "A128CBC-HS256"}',
    '{"alg": "dir", "enc": "A256GCM", "zip": "DEF"}',
    '{"alg": "dir", "enc": "A256GCM", "crit": ["x"]}',
    '{"alg": "ECDH-ES", "enc": "A256GCM", "epk": 5}',
    '{"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 99999999, "p2s": "aa"}',
]


@pytest.mark.parametrize("rest", ["....", ".AAAA.AAAA.AAAA.AAAA", f"..{'A' * 16}.AAAA.{'A' * 22}"])
@pytest.mark.parametrize("head", HEADS)
def test_a_box_does_not_open_what_was_sealed_in_another_way(head: str, rest: str) -> None:
    encoded = base64.urlsafe_b64encode(head.encode()).decode().rstrip("=")
    assert SealedBox(SECRET, "a").open(encoded + rest) is None


@pytest.mark.parametrize("claims", ["5", "[]", "null", "not JSON"])
def test_a_box_does_not_open_what_are_no_claims(claims: str) -> None:
    box = SealedBox(SECRET, "a")
    token = jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, claims.encode(), box.keys[0].key)
    assert box.open(token) is None
