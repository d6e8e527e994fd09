"""Whatever is sent, the answer says what is wrong with it; it is never a 500."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..conftest import makes_project
from ..support.people import Person, ok
from ..support.problems import pointers, problem

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def http(one_for_all: httpx.Client) -> httpx.Client:
    """Call the same application in all of these tests."""
    return one_for_all


@pytest.fixture
def project(alice: Person) -> int:
    """Make a project of this test's own in the database of all."""
    return makes_project(alice)


def posted(person: Person, path: str, content: bytes | str) -> httpx.Response:
    """Send a body byte for byte."""
    return person.request("POST", path, content=content, headers=JSON)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


# -- what is no JSON ------------------------------------------------------------------------------

NO_JSON = {
    "nothing": b"",
    "white space": b"  ",
    "half an object": b'{"name": "x"',
    "a trailing comma": b'{"name": "x",}',
    "two documents": b'{"name": "x"}{"name": "y"}',
    "single quotes": b"{'name': 'x'}",
    "a comment": b'{"name": "x"} // why',
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "a cut UTF-8 sequence": b'{"name": "\xc3"}',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a lone high surrogate": b'{"name": "\\ud800"}',
    "a lone low surrogate": b'{"name": "\\udc00"}',
    "a bare control character": b'{"name": "a\x01b"}',
    "NUL": b'\x00{"name": "x"}',
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": Infinity}',
    "a number that is infinite": b'{"name": 1e999}',
    "400 digits": b'{"name": 1' + b"0" * 400 + b"}",
    "a leading zero": b'{"name": 01}',
    "201 levels": f'{{"name": {nested(200)}}}'.encode(),
    "20,000 levels": nested(20_000).encode(),
    "40,000 levels that do not end": b"[" * 40_000,
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_400(alice: Person, body: bytes) -> None:
    problem(posted(alice, "/projects", body), 400)


# -- JSON of the wrong kind -----------------------------------------------------------------------


@pytest.mark.parametrize("body", ["null", "true", "5", '"x"', "[]", '[{"name": "x"}]'])
def test_a_body_that_is_no_object_is_422(alice: Person, body: str) -> None:
    assert pointers(posted(alice, "/projects", body)) == ["#"]


WRONG_NAMES = {
    "missing": "{}",
    "null": '{"name": null}',
    "a number": '{"name": 5}',
    "true": '{"name": true}',
    "a list": '{"name": ["x"]}',
    "an object": '{"name": {"x": 1}}',
    "empty": '{"name": ""}',
    "blank": '{"name": "   "}',
    "too long": '{"name": "' + "x" * 121 + '"}',
    "NUL": '{"name": "a\\u0000b"}',
    "a line break": '{"name": "a\\nb"}',
    "escape": '{"name": "\\u001b[31mred"}',
    "delete": '{"name": "a\\u007f"}',
    "a C1 control character": '{"name": "a\\u0085b"}',
}


@pytest.mark.parametrize("body", WRONG_NAMES.values(), ids=WRONG_NAMES)
def test_a_wrong_name_is_422(alice: Person, body: str) -> None:
    assert set(pointers(posted(alice, "/projects", body))) == {"#/name"}


GOOD_NAMES = ["x", "x" * 120, "日本語", "🎉" * 120, "a  b", "<b>&amp;'\"", "\\u"]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_good_name_comes_back_as_it_was_sent(alice: Person, name: str) -> None:
    assert ok(alice.post("/projects", {"name": name}))["name"] == name


def test_a_description_may_have_lines_and_tabs(alice: Person) -> None:
    body = {"name": "x", "description": "one\n\ttwo\r\n"}
    assert ok(alice.post("/projects", body))["description"] == "one\n\ttwo\r\n"


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f"])
def test_a_description_with_control_characters_is_422(alice: Person, character: str) -> None:
    response = alice.post("/projects", {"name": "x", "description": f"a{character}b"})
    assert pointers(response) == ["#/description"]


def test_of_a_member_sent_twice_the_last_counts(alice: Person) -> None:
    assert ok(posted(alice, "/projects", '{"name": "a", "name": "b"}'))["name"] == "b"


def test_a_member_sent_under_both_its_names_is_422(nobody: Person) -> None:
    account = {"email": "x@example.com", "password": "a good password"}
    response = nobody.post("/auth/register", account | {"name": "A", "full_name": "B"})
    assert pointers(response) == ["#/full_name"]


@pytest.mark.parametrize(
    "project_id",
    ["0", "-1", "1.5", '"1"', "true", "null", "[1]", str(2**63), str(2**64), "1" + "0" * 300],
)
def test_a_wrong_id_in_a_body_is_422(alice: Person, project_id: str) -> None:
    body = f'{{"name": "x", "project_id": {project_id}}}'
    assert pointers(posted(alice, "/workspaces", body)) == ["#/project_id"]


def test_the_largest_id_in_a_body_is_404(alice: Person) -> None:
    problem(alice.post("/workspaces", {"name": "x", "project_id": 2**63 - 1}), 404)


NO_ADDRESSES = ["", "x", "@", "x@", "@example.com", "x@example", "x@@example.com", 5, None]
NO_ADDRESSES += ["x y@example.com", "x@example.com y", "x@exam\nple.com", "x\x00@example.com"]
NO_ADDRESSES += ["x@example." + "c" * 254]


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_a_wrong_address_is_422(alice: Person, project: int, email: Any) -> None:
    response = alice.post(f"/projects/{project}/members", {"email": email})
    assert set(pointers(response)) == {"#/email"}


def test_a_role_that_does_not_exist_is_422(alice: Person, project: int) -> None:
    body = {"email": "x@example.com", "role": "emperor"}
    assert pointers(alice.post(f"/projects/{project}/members", body)) == ["#/role"]


# -- long texts: each of these must end, and would not if matching took quadratic time ------------


def test_a_long_name_is_refused(alice: Person) -> None:
    assert "#/name" in pointers(alice.post("/projects", {"name": "a" * 1_000_000 + "\0"}))


def test_a_long_address_is_refused(alice: Person, project: int) -> None:
    body = {"email": "a@" + "." * 1_000_000 + " "}
    assert "#/email" in pointers(alice.post(f"/projects/{project}/members", body))


def test_a_long_password_is_refused(nobody: Person) -> None:
    body = {"email": "x@example.com", "password": "x" * 1_000_000}
    assert "#/password" in pointers(nobody.post("/auth/register", body))


def test_a_long_type_of_event_is_refused(alice: Person, project: int) -> None:
    body = {"type": "a" * 1_000_000 + "!", "project_id": project}
    assert "#/type" in pointers(alice.post("/events", body))


# -- free JSON ------------------------------------------------------------------------------------


def test_settings_keep_every_kind_of_value(alice: Person, project: int) -> None:
    sent = {"a": [1, -2.5, "x\n\u0001", True, None, {}], "ключ": {"": 2**63}}
    body = {"name": "x", "settings": sent}
    assert ok(alice.post(f"/projects/{project}/workspaces", body))["settings"] == sent


@pytest.mark.parametrize("value", [[], "x", 5, None, True])
def test_settings_that_are_no_object_are_422(alice: Person, project: int, value: Any) -> None:
    body = {"name": "x", "settings": value}
    assert pointers(alice.post(f"/projects/{project}/workspaces", body)) == ["#/settings"]


def test_settings_over_64_kib_are_422(alice: Person, project: int) -> None:
    body = {"name": "x", "settings": {"a": "x" * 65536}}
    assert pointers(alice.post(f"/projects/{project}/workspaces", body)) == ["#/settings"]


def test_settings_200_levels_deep_can_be_read_again(alice: Person, project: int) -> None:
    body = f'{{"name": "x", "settings": {{"a": {nested(198)}}}}}'
    made = ok(posted(alice, f"/projects/{project}/workspaces", body))
    assert ok(alice.get(f"/projects/{project}/workspaces"))["items"] == [made]


def test_settings_that_are_deeper_are_400(alice: Person, project: int) -> None:
    body = f'{{"name": "x", "settings": {{"a": {nested(199)}}}}}'
    problem(posted(alice, f"/projects/{project}/workspaces", body), 400)


def test_an_event_as_deep_as_may_be_can_be_listed(alice: Person, project: int) -> None:
    payload = f'{{"a": {nested(198)}}}'
    body = f'{{"type": "activity", "project_id": {project}, "payload": {payload}}}'
    told = ok(posted(alice, "/events", body))
    assert ok(alice.get(f"/events?project_id={project}"))["items"][-1] == told


# -- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    ["0", "-1", "01", "1.0", "1e3", "x", "%00", "%20", "9223372036854775808", "9" * 500],
)
def test_an_id_that_can_not_be_is_404(alice: Person, key: str) -> None:
    problem(alice.get(f"/projects/{key}"), 404)


def test_the_largest_id_is_404(alice: Person) -> None:
    problem(alice.get("/projects/9223372036854775807"), 404)


NO_TEXT = ["/%ff", "/api/v1/projects/%ff", "/api/v1/projects/%D9%A1", "/api/v1/%00", "/%2e%2e/x"]


@pytest.mark.parametrize("path", NO_TEXT)
def test_an_address_that_is_no_text_is_404(wired: httpx.Client, path: str) -> None:
    problem(wired.get(path), 404)


LIMITS = ["0", "101", "-1", "1.5", "x", "", "%00", "9" * 20, "9" * 5000]
QUERIES = [*(f"limit={limit}" for limit in LIMITS), "sort=password", "sort=--id", "scope=theirs"]


#: Addresses with a parameter that they do not take, and the one that is meant.
MISSPELT = {
    "/tasks?statsu=open": "`status`",
    "/projects?Limit=5": "`limit`",
    "/posts?colection=1": None,
    "/auth/me?q=x": None,
    "/health?x=1": None,
}


@pytest.mark.parametrize("address", MISSPELT)
def test_an_unknown_parameter_is_422_and_told_which_one_may_be_meant(
    alice: Person, address: str
) -> None:
    (error,) = alice.get(address).json()["errors"]
    name = address.partition("?")[2].partition("=")[0]
    assert error["pointer"] == f"#/query/{name}"
    meant = MISSPELT[address]
    assert error["detail"] == (
        f"Unknown field: did you mean {meant}?" if meant else "Unknown field."
    )


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&sort=id&limit=1"])
def test_a_parameter_that_takes_one_value_is_given_once(alice: Person, query: str) -> None:
    assert pointers(alice.get(f"/projects?{query}")) == ["#/query/limit"]


def test_whoever_may_not_call_is_told_that_first(nobody: Person) -> None:
    assert nobody.get("/auth/me?q=x").status_code == 401


def test_an_unknown_member_is_told_which_one_may_be_meant(alice: Person) -> None:
    answer = alice.post("/projects", {"name": "Apollo", "descripton": "To the Moon"})
    (error,) = answer.json()["errors"]
    assert error["detail"] == "Unknown field: did you mean `description`?"


def test_a_very_long_unknown_name_is_compared_by_its_beginning(alice: Person) -> None:
    answer = alice.post("/projects", {"name": "Apollo", "x" * 100_000: 1})
    assert answer.json()["errors"][0]["detail"] == "Unknown field."


@pytest.mark.parametrize("query", QUERIES)
def test_a_wrong_parameter_is_422(alice: Person, query: str) -> None:
    assert pointers(alice.get(f"/projects?{query}")) == [f"#/query/{query.split('=')[0]}"]


@pytest.mark.parametrize("project_id", ["0", "-1", "x", "9" * 20, "9" * 5000])
def test_a_wrong_project_in_a_query_is_422(alice: Person, project_id: str) -> None:
    response = alice.get(f"/workspaces?project_id={project_id}")
    assert pointers(response) == ["#/query/project_id"]


def test_a_query_that_is_no_text_finds_nothing(wired: httpx.Client, alice: Person) -> None:
    headers = {"Authorization": f"Bearer {alice.token}"}
    assert ok(wired.get("/api/v1/projects?q=%ff", headers=headers))["items"] == []


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_search_is_answered(alice: Person, text: str) -> None:
    assert alice.get("/projects", params={"q": text}).status_code == 200


# -- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "a\x7f"], ids=repr)
def test_a_wrong_idempotency_key_is_400(alice: Person, key: str) -> None:
    headers = {"Idempotency-Key": key}
    problem(alice.post("/projects", {"name": "x"}, headers=headers), 400)


@pytest.mark.parametrize("tag", ["", "x", '"', '"9', 'W/"1"', '"a", "b"'], ids=repr)
def test_a_wrong_if_match_is_412(alice: Person, project: int, tag: str) -> None:
    response = alice.patch(f"/projects/{project}", {"name": "x"}, headers={"If-Match": tag})
    problem(response, 412)


@pytest.mark.parametrize("tag", ["", "x", '"', '"9', "W/"], ids=repr)
def test_a_wrong_if_none_match_is_passed_over(alice: Person, project: int, tag: str) -> None:
    response = alice.get(f"/projects/{project}", headers={"If-None-Match": tag})
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["Idempotency-Key", "If-Match", "X-Request-ID", "Authorization"])
def test_a_header_that_is_not_ascii_is_no_bug(
    wired: httpx.Client, alice: Person, name: str
) -> None:
    headers = {"Authorization": f"Bearer {alice.token}", name: "Bearer é".encode()}
    assert wired.post("/api/v1/projects", json={}, headers=headers).status_code < 500


# -- what would become too much -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/events"), ("POST", "/jobs"), ("POST", "/projects"), ("POST", "/auth/login")],
)
@pytest.mark.parametrize("item", ["{}", "0", '{"a":[]}', '"x"'])
def test_a_body_of_too_many_values_is_413_before_it_is_read(
    method: str, path: str, item: str, alice: Person
) -> None:
    body = f'{{"payload":{{"a":[{",".join([item] * 50_001)}]}}}}'
    answer = alice.request(method, path, content=body, headers=JSON)
    assert problem(answer, 413)["detail"].startswith("The body has more than 50,000 values")
