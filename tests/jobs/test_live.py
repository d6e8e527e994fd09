"""Following jobs while they run, over a real server: by socket, stream and long poll."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from collab.jobs.context import JobContext
from collab.jobs.engine.runner import RUNNER

from ..execution.support import needs_bubblewrap, needs_node
from ..support import jobs
from ..support.history import ids, rows
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.servers import ThreadServer
from ..support.sockets import Socket
from ..support.streams import Stream
from ..support.waiting import eventually
from ..support.work import kinds, lines, outcomes, seen, status


@pytest.fixture
def live(serve: Callable[..., ThreadServer]) -> Iterator[ThreadServer]:
    """Return a server that runs jobs."""
    yield serve(JOB_WORKERS="2")
    for gate in jobs.gates.values():
        gate.set()
    jobs.gates.clear()
    jobs.waiting.clear()


@pytest.fixture
def caller(live: ThreadServer, over: Callable[..., Person], alice: Person) -> Person:
    """Return alice, over a real connection."""
    return over(live, alice)


def begun(caller: Person, **more: Any) -> tuple[int, JobContext]:
    """Submit a job that waits at a gate, and wait until it does."""
    made = caller.submits("test_gate", "gate", **more)["id"]
    return made, eventually(lambda: jobs.waiting.get("gate"))


def open_gate() -> None:
    jobs.gates["gate"].set()


def socket(server: ThreadServer, person: Person) -> Any:
    """Open a socket for this block."""
    return closing(Socket(server.url, token=person.token))


def told(events: list[Any]) -> list[str]:
    """Return the types of events."""
    return [one["type"] for one in events]


def numbers(events: list[Any]) -> list[int]:
    return [int(one["id"]) for one in events]


STEPS = ["job.queued", "job.started", "job.output", "job.progressed", "job.succeeded"]

# -- sockets --------------------------------------------------------------------------------------


def test_a_socket_is_told_each_step_as_it_happens(live: ThreadServer, caller: Person) -> None:
    made, context = begun(caller)
    with socket(live, caller) as ws:
        ws.ask("subscribe", topic=f"job:{made}", after=0)
        context.output("stdout", "here\n")
        assert ws.expect("job.output")["data"]["text"] == "here\n"
        context.progress(0.5, "half")
        assert ws.expect("job.progressed")["data"]["progress"] == 0.5
        open_gate()
        ws.expect("job.succeeded")
    assert told(ws.events()) == STEPS
    assert numbers(ws.events()) == ids(live.app, f"job:{made}")


def test_a_socket_that_comes_back_misses_nothing_and_hears_nothing_twice(
    live: ThreadServer, caller: Person
) -> None:
    made, context = begun(caller)
    topic = f"job:{made}"
    with socket(live, caller) as first:
        first.ask("subscribe", topic=topic, after=0)
        context.output("stdout", "1")
        last = first.expect("job.output")["id"]
    context.output("stdout", "2")
    eventually(lambda: len(lines(caller, made)) == 2)
    with socket(live, caller) as then:
        assert then.ask("subscribe", topic=topic, after=int(last))["recovered"] is True
        open_gate()
        then.expect("job.succeeded")
    assert numbers(first.events() + then.events()) == ids(live.app, topic)


def test_the_end_of_a_job_is_known_when_it_is_told(live: ThreadServer, caller: Person) -> None:
    with socket(live, caller) as ws:
        made = caller.submits(value=7)["id"]
        ws.ask("subscribe", topic=f"job:{made}", after=0)
        ws.expect("job.succeeded")
        assert seen(caller, made)["result"]["value"] == 7


@pytest.mark.parametrize("name", ["bob", "charlie", "ada"])
def test_nobody_else_follows_a_personal_job(
    request: pytest.FixtureRequest, live: ThreadServer, caller: Person, name: str
) -> None:
    made, _ = begun(caller)
    with socket(live, request.getfixturevalue(name)) as ws:
        assert ws.ask("subscribe", topic=f"job:{made}", after=0)["status"] == 404


def test_a_viewer_follows_a_job_of_the_project(
    live: ThreadServer, caller: Person, project: int, vera: Person
) -> None:
    made, _ = begun(caller, project_id=project)
    with socket(live, vera) as ws:
        ws.ask("subscribe", topic=f"job:{made}", after=0)
        open_gate()
        ws.expect("job.succeeded")
    assert numbers(ws.events()) == ids(live.app, f"job:{made}")


def test_a_removed_member_is_told_no_more_of_their_own_job(
    live: ThreadServer, caller: Person, project: int, bob: Person, over: Callable[..., Person]
) -> None:
    made, context = begun(over(live, bob), project_id=project)
    with socket(live, bob) as ws:
        ws.ask("subscribe", topic=f"job:{made}", after=0)
        ws.expect("job.started")
        caller.delete(f"/projects/{project}/members/{bob.id}")
        context.output("stdout", "secret")
        eventually(lambda: lines(caller, made))
        live.drain()
        ws.flush()
    assert "job.output" not in told(ws.seen)


def test_a_job_of_a_deleted_project_stops_and_its_follower_is_told_no_more(
    live: ThreadServer, caller: Person, project: int
) -> None:
    made, context = begun(caller, project_id=project)
    with socket(live, caller) as ws:
        ws.ask("subscribe", topic=f"job:{made}", after=0)
        ws.expect("job.started")
        caller.delete(f"/projects/{project}")
        eventually(lambda: context.stop_reason == "lost")
        eventually(lambda: RUNNER.of(live.app).running == 0)
        live.drain()
        ws.flush()
    assert told(ws.events())[-1] == "job.started"


# -- streams --------------------------------------------------------------------------------------


def test_a_stream_is_told_each_step_as_it_happens(live: ThreadServer, caller: Person) -> None:
    made, context = begun(caller)
    with Stream(live.url, caller.token, topic=f"job:{made}", after=0) as stream:
        context.output("stderr", "here\n")
        assert stream.until("job.output").data["data"]["stream"] == "stderr"
        context.progress(0.5)
        stream.until("job.progressed")
        open_gate()
        stream.until("job.succeeded")
        assert told(stream.events()) == STEPS
        assert numbers(stream.events()) == ids(live.app, f"job:{made}")


def test_a_stream_that_comes_back_misses_nothing_and_hears_nothing_twice(
    live: ThreadServer, caller: Person
) -> None:
    made, context = begun(caller)
    topic = f"job:{made}"
    with Stream(live.url, caller.token, topic=topic, after=0) as first:
        context.output("stdout", "1")
        last = first.until("job.output").id
    context.output("stdout", "2")
    eventually(lambda: len(lines(caller, made)) == 2)
    with Stream(live.url, caller.token, last_event_id=int(last or 0), topic=topic) as then:
        open_gate()
        then.until("job.succeeded")
        assert numbers(first.events() + then.events()) == ids(live.app, topic)


def test_many_words_arrive_in_their_order(live: ThreadServer, caller: Person) -> None:
    words = [["stdout" if number % 3 else "stderr", f"{number}\n"] for number in range(500)]
    made = caller.submits("test_talker", words)["id"]
    with Stream(live.url, caller.token, topic=f"job:{made}", after=0) as stream:
        stream.until("job.succeeded")
        output = [one["data"] for one in stream.events() if one["type"] == "job.output"]
    assert [[one["stream"], one["text"]] for one in output] == words


# -- long polls -----------------------------------------------------------------------------------


def poll(person: Person, job_id: int, after: int) -> Any:
    return person.get("/events", params={"topic": f"job:{job_id}", "after": after, "wait": 10})


def test_long_polls_lead_through_a_job_to_its_end(live: ThreadServer, caller: Person) -> None:
    made, context = begun(caller)
    context.output("stdout", "here\n")
    eventually(lambda: lines(caller, made))
    open_gate()
    found: list[Any] = []
    while "job.succeeded" not in told(found):
        page = ok(poll(caller, made, int(found[-1]["id"]) if found else 0))
        assert page["items"], "nothing came in time"
        found += page["items"]
    assert numbers(found) == ids(live.app, f"job:{made}")


def test_a_long_poll_is_not_for_outsiders(
    live: ThreadServer, caller: Person, charlie: Person, over: Callable[..., Person]
) -> None:
    made, _ = begun(caller)
    problem(poll(over(live, charlie), made, 0), 404)


# -- code -----------------------------------------------------------------------------------------

PYTHON_TALKS = "print('ready', flush=True); import time; time.sleep(60)"
JAVASCRIPT_TALKS = "console.log('ready'); setTimeout(() => {}, 60_000)"

in_both = pytest.mark.parametrize(
    ("language", "code"),
    [
        pytest.param("python", PYTHON_TALKS, id="python"),
        pytest.param("javascript", JAVASCRIPT_TALKS, id="javascript", marks=needs_node),
    ],
)


def runs(caller: Person, language: str, code: str, **more: Any) -> int:
    """Submit code and return the job's id."""
    payload = {"language": language, "code": code} | more
    return int(ok(caller.post("/jobs", {"type": "code_execution", "payload": payload}))["id"])


@needs_bubblewrap
@in_both
def test_output_of_code_arrives_while_it_runs_and_a_cancel_ends_it(
    live: ThreadServer, caller: Person, language: str, code: str
) -> None:
    made = runs(caller, language, code)
    with Stream(live.url, caller.token, topic=f"job:{made}", after=0) as stream:
        assert stream.until("job.output").data["data"]["text"].startswith("ready")
        assert status(caller, made) == "running"
        ok(caller.post(f"/jobs/{made}/cancel"))
        stream.until("job.cancelled")
    assert (status(caller, made), outcomes(caller, made)) == ("cancelled", ["cancelled"])


@needs_bubblewrap
@needs_node
def test_javascript_runs_and_its_result_has_the_output(live: ThreadServer, caller: Person) -> None:
    made = runs(caller, "javascript", "console.log('Hello World')")
    with Stream(live.url, caller.token, topic=f"job:{made}", after=0) as stream:
        stream.until("job.succeeded")
    result = seen(caller, made)["result"]
    assert (result["stdout"], result["stderr"], result["exit_code"]) == ("Hello World\n", "", 0)


@needs_bubblewrap
def test_code_that_exits_with_3_is_a_job_that_succeeded(live: ThreadServer, caller: Person) -> None:
    made = runs(caller, "python", "import sys; sys.exit(int(input()))", stdin="3\n")
    eventually(lambda: status(caller, made) == "succeeded")
    assert seen(caller, made)["result"]["exit_code"] == 3


@needs_bubblewrap
def test_the_streams_of_code_are_told_apart(live: ThreadServer, caller: Person) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    made = runs(caller, "python", code)
    eventually(lambda: status(caller, made) == "succeeded")
    said = {"stdout": "", "stderr": ""}
    for one in rows(live.app, f"job:{made}")[2:-1]:
        said[one.data["stream"]] += one.data["text"]
    assert said == {"stdout": "out\n", "stderr": "err\n"}
    assert kinds(live.app, made)[-1] == "job.succeeded"
