"""Whatever a client sends on an open socket is answered with a clear error, never with silence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..support.each import each
from ..support.people import Person


@pytest.fixture
def socket(bob: Person, project: int, connect: Any) -> Any:
    """Return bob's socket, following the project."""
    made = connect(bob, project_id=project)
    made.expect("subscribed")
    return made


@pytest.fixture
def idle(bob: Person, connect: Any) -> Any:
    """Return bob's socket, following nothing: what it gets are answers."""
    return connect(bob)


# -- what is no message ---------------------------------------------------------------------------


#: Levels of nesting, around the borders of what can be read and of what can be written.
DEEP = [201, 255, 1000, 1024, 1025, 30_000]

NO_MESSAGES = [
    "",
    " ",
    "nonsense",
    "{",
    '{"type": "ping"',
    '{"type": "ping"}}',
    "{'type': 'ping'}",
    '{"type": NaN}',
    '{"type": "ping", "n": Infinity}',
    '{"type": "\\ud800"}',
    "\x00",
    '{"type": "pi\x01ng"}',
    "7",
    "null",
    "[]",
    '"ping"',
    "{}",
    '{"type": null}',
    '{"type": 7}',
    '{"type": ["ping"]}',
    '{"type": {"a": 1}}',
    '{"TYPE": "ping"}',
]


def refusals(socket: Any, messages: list[Any]) -> set[tuple[str, int]]:
    """Send messages one by one and return how they were answered."""
    answers = []
    for message in messages:
        send = socket.ws.send_binary if isinstance(message, bytes) else socket.ws.send
        send(message)
        answers.append(socket.receive())
    return {(answer["type"], answer["status"]) for answer in answers}


def test_what_is_no_message_is_refused_with_400(idle: Any) -> None:
    assert refusals(idle, NO_MESSAGES) == {("error", 400)}


def test_a_number_that_would_become_another_one_is_named(idle: Any) -> None:
    idle.ws.send('{"type": "ping", "payload": {"n": [12345678901234567890123]}}')
    answer = idle.receive()
    assert (answer["type"], answer["status"]) == ("error", 422)
    assert answer["errors"][0]["pointer"] == "#/payload/n/0"


def test_a_binary_message_is_refused_with_400(idle: Any) -> None:
    assert refusals(idle, [b"", b"\x00\xff", b'{"type": "ping"}']) == {("error", 400)}


@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
def test_json_too_deep_to_be_written_again_is_refused_with_400(
    opening: str, closing: str, idle: Any
) -> None:
    deep = [opening * levels + "1" + closing * levels for levels in DEEP]
    messages = [f'{{"type": "activity", "payload": {{"deep": {one}}}}}' for one in deep]
    assert refusals(idle, messages) == {("error", 400)}


def test_the_socket_goes_on_after_what_is_no_message(socket: Any) -> None:
    socket.ws.send("nonsense")
    assert socket.ask("ping")["type"] == "pong"


def test_json_that_is_deep_but_can_be_written_again_is_told(socket: Any) -> None:
    payload: dict[str, Any] = {}
    for _ in range(150):
        payload = {"a": payload}
    socket.send("activity", payload=payload)
    assert socket.expect("activity")["data"] == payload


# -- messages with wrong members ------------------------------------------------------------------

ODD: list[Any] = [True, 0, -1, 1.5, 10**18, 10**30, "", " ", "x", "\x00", "é", [], [1], {}]
NO_ID: list[Any] = [True, -1, 1.5, 10**30, 2**63, str(2**63), "", "x", "-1", "1.0", "٣", [], {}]


# Not all with one socket: it would be told that it sends too much.
@pytest.mark.parametrize("field", ["topic", "project_id", "projectId"])
@each(["subscribe", "publish", "activity", "cursor_moved"])
def test_an_odd_topic_is_refused(kind: str, *, field: str, socket: Any) -> None:
    answers = [socket.ask(kind, **{field: value}, event="activity") for value in ODD]
    assert {answer["type"] for answer in answers} == {"error"}
    assert {answer["status"] for answer in answers} <= {404, 422}


def test_an_odd_after_is_refused_and_named(socket: Any, bob: Person) -> None:
    answers = [socket.ask("subscribe", topic=f"user:{bob.id}", after=value) for value in NO_ID]
    assert {answer["status"] for answer in answers} == {422}
    assert {answer["errors"][0]["pointer"] for answer in answers} == {"#/after"}


@each([2**63 - 1, str(2**63 - 1), 10**15])
def test_an_after_that_no_event_has_yet_is_not_recovered(
    after: Any, *, socket: Any, bob: Person
) -> None:
    answer = socket.ask("subscribe", topic=f"user:{bob.id}", after=after)
    assert (answer["type"], answer["recovered"]) == ("subscribed", False)


def test_an_odd_payload_is_refused_and_named(socket: Any) -> None:
    odd = [None, True, 7, 1.5, "text", [], [{}]]
    answers = [socket.ask("activity", payload=value) for value in odd]
    assert {answer["status"] for answer in answers} == {422}
    assert {answer["errors"][0]["pointer"] for answer in answers} == {"#/payload"}


@each(["publish", "event"])
def test_an_odd_event_type_is_refused(kind: str, *, socket: Any) -> None:
    odd = ["", " ", "A", "a b", "a..b", ".a", "a.", "1a", "é", "a\n", "a" * 200, "a." * 9 + "a"]
    answers = [
        socket.ask("publish", event=value) if kind == "publish" else socket.ask(value)
        for value in odd
    ]
    assert {(answer["type"], answer["status"]) for answer in answers} == {("error", 422)}


def test_an_odd_token_closes_with_4401(bob: Person, connect: Any) -> None:
    for value in (None, True, 7, [], {}, "", "a.b.c", "é"):
        socket = connect(bob)
        socket.send("auth", token=value)
        assert socket.wait_closed().code == 4401


def test_unknown_members_are_passed_over(socket: Any) -> None:
    assert socket.ask("ping", unknown={"a": [1]})["type"] == "pong"


def test_a_topic_that_is_unknown_is_refused_with_404(socket: Any) -> None:
    topics = ["project:999", "nothing:1", "project:01", "project:1 ", "PROJECT:1", "posts:1", "a"]
    answers = [socket.ask("subscribe", topic=topic) for topic in topics]
    assert {answer["status"] for answer in answers} == {404}


def test_control_characters_in_a_payload_arrive_as_they_were_sent(socket: Any) -> None:
    payload = {"text": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029\ufeff\U0001f600"}
    socket.send("activity", payload=payload)
    assert socket.expect("activity")["data"] == payload


REFS = [None, True, 0, -7, 1.5, 2**53, "", "text", "\x01", "é", [], [1, [2]], {}, {"a": {}}]


def test_a_ref_of_any_kind_is_repeated(idle: Any) -> None:
    for ref in REFS:
        idle.send("ping", ref=ref)
    assert [idle.receive()["ref"] for _ in REFS] == REFS


def test_a_ref_is_repeated_by_an_error(idle: Any) -> None:
    idle.send("subscribe", topic="nothing", ref=[1])
    assert idle.receive()["ref"] == [1]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ["topic", "project_id", "after", "event", "event_type", "payload", "data", "token"]


@pytest.fixture
def patient(serve: Any) -> Any:
    return serve(MESSAGE_RATE="1000000")


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(["subscribe", "unsubscribe", "publish", "activity", "typing", "ping"])
    | st.text(max_size=10),
    members=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
)
def test_every_message_gets_an_answer_with_its_ref(
    kind: str, members: dict[str, Any], patient: Any, bob: Person, connect: Any
) -> None:
    if not hasattr(patient, "socket"):
        patient.socket = connect(bob, url=patient.url)
    answer = patient.socket.ask(kind, **members)
    assert answer["type"] != "error" or 400 <= answer["status"] < 500
