"""What goes out: the envelope of a row and of a signal, and why connections were closed."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from collab.core.models import utcnow
from collab.events.close_codes import is_final
from collab.events.message import Message

NOW = utcnow()


def row(**more: Any) -> Message:
    values = {"topic": "project:1", "type": "a.note", "actor": 7, "data": {"n": 1}, "time": NOW}
    return Message.of(SimpleNamespace(**values | {"id": 5, "project_id": 1} | more))


def test_a_row_goes_out_as_a_cloudevent() -> None:
    made = row()
    assert made.envelope() == {
        "specversion": "1.0",
        "id": "5",
        "source": "/api/v1/events",
        "type": "a.note",
        "time": NOW,
        "datacontenttype": "application/json",
        "topic": "project:1",
        "actor": 7,
        "data": {"n": 1},
    }
    assert json.loads(made.json)["data"] == {"n": 1}
    assert (made.id, made.project_id) == (5, 1)
    assert json.loads(made.json).keys() == made.envelope().keys()


def test_who_did_it_is_left_out_where_it_was_nobody() -> None:
    assert "actor" not in row(actor=None).envelope()


def test_a_signal_says_that_it_is_one_and_nothing_resumes_after_it() -> None:
    before = utcnow()
    first, second = (Message.signal("project:1", "typing", 7, {"n": 1}) for _ in range(2))
    found = first.envelope()
    assert (found["signal"], found["topic"], found["type"]) == (True, "project:1", "typing")
    assert (found["actor"], found["data"]) == (7, {"n": 1})
    assert before <= found["time"] <= utcnow()
    word, process, number = first.public_id.split("-")
    assert (word, len(process), int(number) > 0) == ("signal", 8, True)
    assert second.public_id == f"signal-{process}-{int(number) + 1}"
    assert found["id"] == first.public_id, "once it has one, it keeps it"


def test_a_closure_is_final_where_coming_back_mends_nothing() -> None:
    assert [is_final(code) for code in (4399, 4400, 4499, 4500)] == [False, True, True, False]
