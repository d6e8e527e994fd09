"""A workspace as a zip: out as it is, and in unless it is made to do harm."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from flask import Flask

from collab.files.archives import packing, reading
from collab.files.archives.turns import ArchiveTurns
from collab.files.models import TEXT

from ..conftest import http_for
from ..support.each import each
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.zips import packed, unpacked, zipped
from ..uploads.disk import files_in

PNG = b"\x89PNG\r\n\x1a\n\x00\x00 anything"


def send(who: Person, workspace: int, archive: bytes, **query: str) -> httpx.Response:
    return who.request("POST", f"/workspaces/{workspace}/archive", content=archive, params=query)


def fetched(who: Person, workspace: int) -> dict[str, bytes]:
    return unpacked(who.get(f"/workspaces/{workspace}/archive").content)


def entry(name: str, **attributes: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


# -- out ------------------------------------------------------------------------------------------


def test_a_workspace_is_packed_as_it_is_now(bob, vera, workspace):
    file = bob.makes_file(workspace, "src/é 😀.py", "old")["id"]
    bob.makes_file(workspace, "empty")
    bob.sends_file(workspace, "a.png", PNG)
    ok(bob.request("PUT", f"/files/{file}/content", content=b"new"))
    answer = vera.get(f"/workspaces/{workspace}/archive")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert unpacked(answer.content) == {"src/é 😀.py": b"new", "empty": b"", "a.png": PNG}


def test_an_empty_workspace_is_an_empty_archive(vera, workspace):
    assert fetched(vera, workspace) == {}


def test_what_was_packed_is_unpacked(bob, project, workspace):
    for path in ("a", "b/c", "b/d/e"):
        bob.makes_file(workspace, path, path * 100)
    bob.sends_file(workspace, "b/x.png", PNG)
    archive = bob.get(f"/workspaces/{workspace}/archive").content
    other = bob.makes_workspace(project)
    assert ok(send(bob, other, archive)) == {"created": 4, "replaced": 0, "skipped": 0}
    assert fetched(bob, other) == fetched(bob, workspace)
    (image,) = ok(bob.get(f"/workspaces/{other}/files?kind=binary"))["items"]
    assert image["content_type"] == "image/png"


# -- in -------------------------------------------------------------------------------------------


def test_a_form_is_taken(bob, workspace):
    files = {"file": ("x.zip", zipped(a="1"))}
    ok(bob.request("POST", f"/workspaces/{workspace}/archive", files=files))
    assert fetched(bob, workspace) == {"a": b"1"}


def test_folders_and_nested_archives_are_nothing_special(bob, workspace):
    inner = zipped(x="x")
    archive = packed(("src/", b""), ("src/a", b"1"), ("inner.zip", inner), ("empty/", b""))
    assert ok(send(bob, workspace, archive))["created"] == 2
    assert fetched(bob, workspace) == {"src/a": b"1", "inner.zip": inner}


def test_every_unpacked_file_is_told(bob, project, workspace):
    ok(send(bob, workspace, zipped(a="1", b="2")))
    query = {"project_id": project, "type": "file.created"}
    events = ok(bob.get("/events", params=query))["items"]
    assert [one["data"]["path"] for one in events] == ["a", "b"]


def test_a_taken_path_fails_the_whole_archive(bob, workspace):
    bob.makes_file(workspace, "b", "mine")
    body = problem(send(bob, workspace, zipped(a="1", b="2")), 409)
    assert [one["pointer"] for one in body["errors"]] == ["#/b"]
    assert fetched(bob, workspace) == {"b": b"mine"}


def test_taken_paths_can_be_skipped(bob, workspace):
    bob.makes_file(workspace, "b", "mine")
    answer = send(bob, workspace, zipped(a="1", b="2"), conflict="skip")
    assert ok(answer) == {"created": 1, "replaced": 0, "skipped": 1}
    assert fetched(bob, workspace) == {"a": b"1", "b": b"mine"}


def test_taken_paths_can_be_replaced_and_texts_keep_their_history(bob, workspace, instance):
    text = bob.makes_file(workspace, "b", "one\ntwo\n")["id"]
    image = bob.sends_file(workspace, "c.png", PNG)["id"]
    archive = packed(("a", b"1"), ("b", b"one\n2\n"), ("c.png", PNG + b"2"))
    answer = send(bob, workspace, archive, conflict="replace")
    assert ok(answer) == {"created": 1, "replaced": 2, "skipped": 0}
    assert fetched(bob, workspace) == {"a": b"1", "b": b"one\n2\n", "c.png": PNG + b"2"}
    assert ok(bob.get(f"/files/{text}"))["version"] == 2
    assert ok(bob.get(f"/files/{image}"))["version"] == 2
    assert files_in(instance) == [PNG + b"2"]


@pytest.mark.parametrize("content", [b"text", PNG])
def test_a_text_is_not_replaced_by_bytes_nor_bytes_by_a_text(bob, workspace, content):
    bob.makes_file(workspace, "text", "x")
    bob.sends_file(workspace, "bytes", PNG)
    archive = packed(("new", b"x"), ("text" if content == PNG else "bytes", content))
    problem(send(bob, workspace, archive, conflict="replace"), 409)
    assert "new" not in fetched(bob, workspace)


@pytest.mark.parametrize("taken", ["a/b", "a"])
def test_a_file_is_not_unpacked_where_a_folder_is(bob, workspace, taken):
    bob.makes_file(workspace, taken)
    other = "a" if taken == "a/b" else "a/b"
    problem(send(bob, workspace, packed((other, b"x")), conflict="replace"), 409)


def test_an_archive_counts_towards_the_quota(make_app, alice):
    with http_for(make_app(FILE_QUOTA_MB="1")) as http:
        me = alice.at(http)
        desk = me.makes_workspace(me.makes_project())
        problem(send(me, desk, packed(("a", b"\x00" * 600_000), ("b", b"x" * 600_000))), 413)
        assert fetched(me, desk) == {}


# -- what is made to do harm ----------------------------------------------------------------------


def of_mode(mode: int) -> tuple[zipfile.ZipInfo, bytes]:
    return entry("bad", external_attr=mode << 16, create_system=3), b"/etc/passwd"


BAD = {
    "above": ("../bad", b""),
    "above inside": ("a/../../bad", b""),
    "absolute": ("/bad", b""),
    "backslashes": ("..\\bad", b""),
    "a drive": ("C:\\bad", b""),
    "a dot": ("./bad", b""),
    "a line break": ("bad\n", b""),
    "too long": ("bad/" + "x" * 256, b""),
    "too deep": ("bad/" * 40 + "x", b""),
    "a link": of_mode(stat.S_IFLNK | 0o777),
    "a device": of_mode(stat.S_IFCHR | 0o666),
    "a pipe": of_mode(stat.S_IFIFO | 0o666),
    "a folder as a file": of_mode(stat.S_IFDIR | 0o755),
    "another method": (entry("bad", compress_type=zipfile.ZIP_LZMA), b"x"),
}


@each(BAD)
def test_a_bad_entry_refuses_the_whole_archive_and_is_named(case, *, bob, workspace):
    body = problem(send(bob, workspace, packed(("good", b"x"), BAD[case])), 422)
    assert "bad" in body["detail"]
    assert "bad" in body["errors"][0]["pointer"]
    assert fetched(bob, workspace) == {}


def patched(archive: bytes, central: int, local: int, value: bytes) -> bytes:
    """Change something in both headers of the only entry."""
    at = archive.index(b"PK\x01\x02") + central
    archive = archive[:at] + value + archive[at + len(value) :]
    return archive[:local] + value + archive[local + len(value) :]


def test_an_encrypted_entry_is_refused(bob, workspace):
    archive = patched(zipped(bad="x"), 8, 6, b"\x01\x00")
    assert "encrypted" in problem(send(bob, workspace, archive), 422)["detail"]


def test_a_name_with_a_nul_is_refused(bob, workspace):
    archive = zipped(badQname="x").replace(b"badQname", b"bad\x00name")
    problem(send(bob, workspace, archive), 422)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@each([("same", "same"), ("caf\u00e9", "cafe\u0301"), ("a", "a/b"), ("a/b", "a")])
def test_two_entries_that_can_not_be_side_by_side_are_refused(first, second, *, bob, workspace):
    problem(send(bob, workspace, packed((first, b"1"), (second, b"2"))), 422)
    assert fetched(bob, workspace) == {}


def test_a_bomb_is_refused_by_what_it_says(bob, workspace):
    body = problem(send(bob, workspace, packed(("bomb", b"\x00" * 2**22))), 422)
    assert "times its packed size" in body["detail"]
    many = [(f"{number}", b"") for number in range(2001)]
    assert "2,000" in problem(send(bob, workspace, packed(*many)), 422)["detail"]


def test_a_bomb_that_lies_about_its_size_is_refused(bob, workspace, instance):
    archive = packed(("bomb", b"\x00" * 2**24))
    archive = patched(archive, 24, 22, struct.pack("<L", 1000))
    problem(send(bob, workspace, archive), 422)
    assert fetched(bob, workspace) == {}
    assert files_in(instance) == []


def test_an_archive_that_states_too_much_is_refused_before_anything_is_unpacked(bob, workspace):
    archive = bytearray(packed(*((f"{number}", bytes(2**20)) for number in range(20))))
    archive[40:60] = b"\xff" * 20  # what can't be unpacked
    assert "100 times" in problem(send(bob, workspace, bytes(archive)), 422)["detail"]


def test_a_directory_too_large_to_read_is_refused(bob, workspace):
    archive = bytearray(zipped(a="x"))
    at = archive.rindex(b"PK\x05\x06")
    archive[at + 12 : at + 16] = struct.pack("<L", 2**24)
    problem(send(bob, workspace, bytes(archive)), 422)


def test_a_directory_is_too_large_whichever_record_says_so(bob, workspace):
    """The record at the end says one file, that of zip64 before it 50,000; it is believed."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    directory = entry * 50_000
    size, sizes = len(directory), (50_000, 50_000, len(directory), 0)
    long_end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *sizes)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), 0, 0)
    answer = send(bob, workspace, directory + long_end + locator + end)
    assert "2,000" in problem(answer, 422)["detail"]


def test_a_text_too_large_to_edit_is_bytes(bob, workspace):
    text = b"".join(b"%08d\n" % number for number in range(300_000))
    ok(send(bob, workspace, packed(("large.txt", text))))
    assert ok(bob.get(f"/workspaces/{workspace}/files"))["items"][0]["kind"] == "binary"


@each([b"", b"no zip", b"PK\x05\x06", zipped(a="x")[:-5], zipped(a="x" * 99)[30:], PNG * 10])
def test_what_is_no_archive_is_refused(archive, *, bob, workspace):
    problem(send(bob, workspace, archive), 422)


def test_any_flipped_byte_is_unpacked_or_refused(bob, project):
    """A broken archive is never our fault; what it leaves is never half of it."""
    whole = packed(("a", b"text " * 20), ("b/c", PNG))
    workspace = bob.makes_workspace(project)
    for at in range(0, len(whole), 3):
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        answer = send(bob, workspace, bytes(broken))
        assert answer.status_code in (201, 422), (at, answer.text)
        assert len(fetched(bob, workspace)) == (answer.json().get("created") or 0)
        if answer.status_code == 201:
            workspace = bob.makes_workspace(project)  # the next one finds it empty, too


def test_an_archive_has_25_mebibytes_at_most(bob, workspace):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number in range(2):
            archive.writestr(str(number), b"\x00" * 13 * 2**20)
    problem(send(bob, workspace, buffer.getvalue()), 413)


def test_a_repeated_key_unpacks_once(bob, workspace):
    where, headers = f"/workspaces/{workspace}/archive", {"Idempotency-Key": "once"}
    archive = zipped(a="1")  # made once: it has the time in it
    first, second = (bob.request("POST", where, content=archive, headers=headers) for _ in range(2))
    assert ok(first) == ok(second) == {"created": 1, "replaced": 0, "skipped": 0}


# -- what an archive states of itself -------------------------------------------------------------


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[reading.Archive]:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(a="abc"))
    with closing(ArchiveTurns().begin("ann")) as turn, reading.opened(path, turn) as made:
        yield made


def test_more_than_a_file_may_have_is_refused_whatever_the_archive_states(
    archive: reading.Archive,
) -> None:
    assert archive.read("a", 3) == b"abc"
    with pytest.raises(reading.BadArchive, match="'a' has more than"):
        archive.read("a", 2)


def test_all_that_is_unpacked_is_counted(archive: reading.Archive) -> None:
    archive.weigh(reading.RATIO_FREE_ARCHIVE_BYTES)
    with pytest.raises(reading.BadArchive, match="may unpack to"):
        archive.weigh(reading.MAX_UNPACKED_BYTES)


def test_files_that_state_too_much_are_refused_before_they_are_unpacked() -> None:
    def stated(size: int, count: int = 1) -> list[zipfile.ZipInfo]:
        sizes = {"file_size": size, "compress_size": size}
        return [entry(f"{number}", **sizes) for number in range(count)]

    count = reading.MAX_UNPACKED_BYTES // reading.MAX_FILE_BYTES
    assert len(reading._checked(stated(reading.MAX_FILE_BYTES, count))) == count
    with pytest.raises(reading.BadArchive, match="'0' has more than"):
        reading._checked(stated(reading.MAX_FILE_BYTES + 1))
    with pytest.raises(reading.BadArchive, match="may unpack to at most"):
        reading._checked(stated(reading.MAX_FILE_BYTES, count + 1))


def test_what_was_deleted_meanwhile_has_no_content(app: Flask, bob: Person, workspace: int) -> None:
    text, gone = bob.makes_file(workspace, "text", "x")["id"], 2**40
    with app.app_context():
        of = lambda key: packing.content(SimpleNamespace(id=key, kind=TEXT))  # noqa: E731
        assert (of(text), of(gone)) == (b"x", None)
        lost = SimpleNamespace(kind="binary", sha256="0" * 64)
        assert packing.content(lost) is None
