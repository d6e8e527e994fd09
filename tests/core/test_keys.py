"""The keys that were not given are made on the first start and kept for the next ones."""

from __future__ import annotations

import base64
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
from collab.extensions import db
from collab.server import prepare

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


def test_the_folder_may_have_an_odd_name(tmp_path: Path) -> None:
    folder = tmp_path / "what? 100% é #1"
    app = started(folder)
    prepare(app)
    with app.app_context():
        db.engine.dispose()
    assert (folder / "collab.db").stat().st_size > 0


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
