"""What accounts bring to an application while it is built: each in its place, in its order."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab import create_app
from collab.auth import guard, refusals, sessions, tickets, tokens
from collab.auth.accounts import personal, ways_in
from collab.auth.factors import passkeys, proofs, second
from collab.auth.factors.totp import Totp
from collab.auth.personal_tokens import service as personal_tokens
from collab.core import sealing
from collab.core.http import heavy, limits
from collab.core.personal.declared import KEPT, Then
from collab.core.storage.housekeeping import HOUSEKEEPER

from ..conftest import SETTINGS

#: A route of each blueprint.
ROUTES = (
    "/api/v1/auth/register",
    "/api/v1/auth/login/second-factor",
    "/api/v1/auth/totp",
    "/api/v1/auth/tokens",
    "/api/v1/users",
)


@pytest.fixture
def build(tmp_path: Path):
    """Return a builder of an application that no test has had before."""
    return lambda: create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path)})


def test_who_calls_is_found_out_before_heavy_requests_and_all_requests_are_counted(build):
    asked = [f"{one.__module__}.{one.__name__}" for one in build().before_request_funcs[None]]
    identify, heavy_ones, every = (
        asked.index(f"{module.__name__}.{name}")
        for module, name in ((guard, "identify"), (heavy, "count_heavy"), (limits, "check"))
    )
    assert identify < heavy_ones < every


def test_refusals_are_noted_of_each_answer(build):
    assert refusals.__name__ in {one.__module__ for one in build().after_request_funcs[None]}


def test_what_has_ended_is_forgotten_by_chores_with_the_names_that_the_tables_say(build):
    chores = {one.name: one.step for one in HOUSEKEEPER.of(build()).agenda.chores}
    assert chores.items() >= {
        ("ended sessions", sessions.forget),
        ("tickets", tickets.forget),
        ("proofs that were used", proofs.forget),
        ("ended personal tokens", personal_tokens.forget),
    }


def test_the_secrets_of_authenticator_apps_are_among_those_that_are_kept_sealed(build):
    assert Totp.secret in sealing.SEALED.of(build())


def test_a_passkey_is_a_way_in(build):
    assert passkeys.count_of in ways_in.COUNTS.of(build())


def test_factors_and_tokens_are_closed_where_an_address_turns_out_to_be_another_persons(build):
    closed = {one.__module__ for one in ways_in.CLOSINGS.of(build())}
    assert closed >= {second.__name__, personal_tokens.__name__}


def test_refresh_tokens_and_what_a_rotation_gave_have_boxes(build):
    app = build()
    assert tokens.REFRESH.of(app) is not tokens.PAIRS.of(app)


@pytest.mark.parametrize("route", ROUTES)
def test_each_part_serves_its_routes(build, route):
    assert route in {rule.rule for rule in build().url_map.iter_rules()}


def test_all_tables_of_accounts_are_declared(build):
    kept = KEPT.of(build())
    assert all(kept[one.table] == one for one in personal.TABLES)


def test_refused_log_ins_with_a_persons_address_go_with_the_person(build):
    declared = KEPT.of(build())["events"].people
    about = [one for one in declared if one.column == "data" and ":email" in one.condition]
    assert [one.then for one in about] == [Then.DELETE]
    assert "topic = 'audit' AND" in about[0].condition
    assert about[0].why
