"""Functions: what there is, what a job may call, and what comes of it."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from collab.functions import job_types, registry
from collab.functions.handlers import flaky, word_count
from collab.jobs.context import FatalError, JobError, Result
from collab.jobs.handlers.host import Failure
from tests.support.each import each
from tests.support.handlers import context, said, written
from tests.support.people import Person
from tests.support.problems import pointers

# -- what there is --------------------------------------------------------------------------------


def test_the_functions_are_the_files_of_the_folder() -> None:
    assert sorted(registry.all_functions()) == ["flaky", "thumbnail", "word_count"]


def test_a_function_says_what_it_does_and_needs(tmp_path: Path) -> None:
    source = '"""Do this.\n\nAnd that.\n"""\nMEMORY_MB = 64\nINPUT = "table"\n'
    assert registry.read(written(tmp_path, source, "shrink")) == registry.Function(
        "shrink", tmp_path / "shrink.py", "Do this.", 64, "table"
    )


def test_a_function_that_says_nothing_gets_the_usual(tmp_path: Path) -> None:
    function = registry.read(written(tmp_path, "def handler(event, context): pass"))
    assert (function.summary, function.memory_mb, function.input) == ("", 512, None)


def test_a_function_is_read_and_not_run(tmp_path: Path) -> None:
    written(tmp_path, "raise SystemExit", "made")
    written(tmp_path, "", "_helper")
    assert list(registry.all_functions(tmp_path)) == ["made"]


@pytest.mark.parametrize("function", registry.all_functions().values(), ids=lambda one: one.name)
def test_every_function_has_a_summary(function: registry.Function) -> None:
    assert function.summary.endswith(".")


# -- flaky ----------------------------------------------------------------------------------------


def flaked(attempt: int, **event: Any) -> dict[str, Any]:
    return flaky.handler(event, SimpleNamespace(attempt=attempt, log=print, fail=Refusing().fail))


def test_it_fails_as_often_as_asked_and_then_succeeds() -> None:
    for attempt in (1, 2):
        with pytest.raises(RuntimeError, match=f"Attempt {attempt} failed"):
            flaked(attempt, failures=2)
    assert flaked(3, failures=2) == {"attempts": 3}
    assert flaked(1, failures=0) == {"attempts": 1}


@each([-1, 101, "2", 1.5, True, None])
def test_another_number_of_failures_is_refused_for_good(failures: Any) -> None:
    with pytest.raises(Failure):
        flaked(1, failures=failures)


def test_it_is_told_which_attempt_it_is() -> None:
    with pytest.raises(JobError, match="Attempt 2 failed") as failed:
        run_flaky(failures=2)
    assert failed.value.retry
    assert run_flaky(failures=1).data == {"attempts": 2}


def run_flaky(**event: Any) -> Result:
    return job_types.run_function.run(context(), {"name": "flaky", "event": event})


# -- word_count -----------------------------------------------------------------------------------


class Refusing:
    """The part of a context that word_count uses."""

    def fail(self, message: str, code: str) -> None:
        raise Failure(message, code)


def counted(**event: Any) -> dict[str, Any]:
    return word_count.handler(event, Refusing())


def test_words_are_counted_without_regard_to_case() -> None:
    assert counted(text="The cat.\nThe CAT, the end — it's over", top=2) == {
        "lines": 2,
        "words": 8,
        "characters": 37,
        "top": [{"word": "the", "count": 3}, {"word": "cat", "count": 2}],
    }


@each(
    [
        ("STRASSE straße", "strasse"),
        ("naïve", "naïve"),
        ("日本", "日本"),
        ("हिन्दी", "हिन्दी"),
        ("nai\u0308ve", "nai\u0308ve"),
        ("مُحَمَّد", "مُحَمَّد"),
    ]
)
def test_words_of_any_script_are_words(text: str, word: str) -> None:
    assert [one["word"] for one in counted(text=text)["top"]] == [word]


def test_marks_do_not_part_words() -> None:
    assert counted(text="हिन्दी भाषा")["words"] == 2


def test_an_empty_text_has_no_words() -> None:
    assert counted(text="") == {"lines": 0, "words": 0, "characters": 0, "top": []}


@given(st.lists(st.sampled_from(["a", "b", "c", "d"])))
def test_the_most_frequent_words_come_first_and_none_is_lost(words: list[str]) -> None:
    top = counted(text=" ".join(words))["top"]
    assert {one["word"]: one["count"] for one in top} == {w: words.count(w) for w in words}
    assert top == sorted(top, key=lambda one: (-one["count"], one["word"]))


@each([{}, {"text": 5}, {"text": "a", "top": -1}, {"text": "a", "top": True}])
def test_an_event_that_makes_no_sense_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(Failure):
        counted(**event)


# -- what a job may call --------------------------------------------------------------------------


def submit(person: Person, kind: str, payload: dict[str, Any], **more: Any) -> Any:
    return person.post("/jobs", {"type": kind, "payload": payload} | more)


def test_a_known_function_is_taken(alice: Person) -> None:
    assert submit(alice, "function", {"name": "word_count"}).status_code in (201, 202)


def test_an_unknown_function_is_refused_with_those_that_there_are(alice: Person) -> None:
    answer = submit(alice, "function", {"name": "no_such"})
    assert pointers(answer) == ["#/payload/name"]
    assert "thumbnail, word_count" in answer.text


@each(["../jobs/host", "_x", "__init__", "", "a\nb", None, 5])
def test_names_that_try_something_are_refused(name: Any, *, alice: Person) -> None:
    assert set(pointers(submit(alice, "function", {"name": name}))) == {"#/payload/name"}


def test_an_event_is_at_most_64_kib(alice: Person) -> None:
    payload = {"name": "word_count", "event": {"text": "x" * 70_000}}
    assert pointers(submit(alice, "function", payload)) == ["#/payload/event"]


@pytest.mark.parametrize("kind", ["function", "thumbnail"])
def test_somebody_elses_upload_is_refused(alice: Person, charlie: Person, kind: str) -> None:
    payload = {"upload_id": alice.uploads(picture())["id"]}
    payload |= {"name": "thumbnail"} if kind == "function" else {}
    assert pointers(submit(charlie, kind, payload)) == ["#/payload/upload_id"]


def test_a_function_that_works_on_a_file_needs_one(alice: Person) -> None:
    answer = submit(alice, "function", {"name": "thumbnail"})
    assert pointers(answer) == ["#/payload/upload_id"]


def test_a_function_that_works_on_no_file_takes_none(alice: Person) -> None:
    payload = {"name": "word_count", "upload_id": alice.uploads()["id"]}
    assert pointers(submit(alice, "function", payload)) == ["#/payload/upload_id"]


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({"width": 15}, "width"),
        ({"height": 2049}, "height"),
        ({"width": "100"}, "width"),
        ({"format": "GIF"}, "format"),
        ({"quality": 5}, "quality"),
    ],
)
def test_a_thumbnail_that_can_not_be_is_refused(
    alice: Person, payload: dict[str, Any], pointer: str
) -> None:
    payload = {"upload_id": alice.uploads(picture())["id"]} | payload
    assert pointers(submit(alice, "thumbnail", payload)) == [f"#/payload/{pointer}"]


# -- what comes of it -----------------------------------------------------------------------------


def picture(kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (600, 300), (255, 0, 0)).save(buffer, kind)
    return buffer.getvalue()


def run(app: Flask, kind: str, payload: dict[str, Any]) -> Result:
    """Run a job's code as the pool does."""
    runs = {"function": job_types.run_function.run, "thumbnail": job_types.make_thumbnail.run}
    with app.app_context():
        result = runs[kind](context(), payload)
    assert result is not None
    return result


def test_a_function_runs_in_a_process_of_its_own(app: Flask) -> None:
    result = run(app, "function", {"name": "word_count", "event": {"text": "to be to"}})
    assert (result.data or {})["words"] == 3


def test_a_thumbnail_is_made_of_an_upload(app: Flask, alice: Person) -> None:
    result = run(app, "thumbnail", {"upload_id": alice.uploads(picture())["id"], "width": 100})
    assert result.data == {
        "width": 100,
        "height": 50,
        "format": "JPEG",
        "source": {"width": 600, "height": 300, "format": "PNG"},
    }
    assert (result.content_type, result.filename) == ("image/jpeg", "thumbnail.jpg")
    with Image.open(io.BytesIO(result.body or b"")) as image:
        assert image.size == (100, 50)


def test_thumbnail_is_a_function_too(app: Flask, alice: Person) -> None:
    payload = {"name": "thumbnail", "upload_id": alice.uploads(picture())["id"]}
    result = run(app, "function", payload | {"event": {"width": 20, "format": "WEBP"}})
    assert (result.data or {})["format"] == "WEBP"


def test_what_is_no_image_fails_for_good_and_silently(app: Flask, alice: Person) -> None:
    payload = {"upload_id": alice.uploads(b"hello")["id"]}
    ctx = context()
    with app.app_context(), pytest.raises(FatalError) as raised:
        job_types.make_thumbnail.run(ctx, payload)
    assert raised.value.code == "not_an_image"
    assert said(ctx, "stderr") == ""


@pytest.mark.parametrize("how", ["deleted", "lost"])
def test_an_upload_that_is_gone_fails_for_good(app: Flask, alice: Person, how: str) -> None:
    upload = alice.uploads(picture())
    if how == "deleted":
        headers = {"If-Match": alice.get(f"/uploads/{upload['id']}").headers["ETag"]}
        assert alice.delete(f"/uploads/{upload['id']}", headers=headers).status_code == 204
    else:
        for path in Path(app.config["INSTANCE_PATH"], "blobs").rglob("*"):
            if path.is_file():
                path.unlink()
    with pytest.raises(JobError) as raised:
        run(app, "thumbnail", {"upload_id": upload["id"]})
    assert (raised.value.code, raised.value.retry) == ("upload_gone", False)


def test_a_function_that_is_gone_fails_for_good(app: Flask) -> None:
    with pytest.raises(FatalError) as raised:
        run(app, "function", {"name": "of_an_older_version"})
    assert raised.value.code == "no_such_function"
